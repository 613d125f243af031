"""What if: who could have served whom, and the smallest change after which somebody is served."""
