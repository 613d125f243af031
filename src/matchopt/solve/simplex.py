"""The primal network simplex for transport problems, compiled.

A basis is a spanning tree of the supplies, the demands and a root, over which what is spare and
unmet goes. Prices make each arc of the tree cost nothing; an arc with a negative reduced cost
enters, closes a cycle, and the first arc that runs empty on it leaves (G. B. Dantzig, 1951; Ahuja,
Magnanti and Orlin, *Network Flows*, 1993, §11). What makes it fast: the tree starts as a star, and
is kept strongly feasible, so that it never cycles (W. H. Cunningham, "A network simplex method",
1976); arcs are looked at a block at a time (M. D. Grigoriadis, 1986); and arcs that join later find
the tree as it was.
"""

from __future__ import annotations

import numpy as np

from matchopt.arrays import Bools, Ints
from matchopt.compiled import compiled, inlined
from matchopt.solve.transport import Certificate, Nodes, Optimum, SpanningTree, Transport

SMALLEST_BLOCK = 20
"""Arcs looked at in one go, at least."""


class NetworkSimplex:
    """The default back end."""

    name = "simplex"

    def solve(self, problem: Transport, tree: SpanningTree | None = None) -> Optimum:
        """Return an optimal flow of `problem`, going on from `tree`; see `Backend`."""
        m, n = len(problem.supply), len(problem.demand)
        root = m + n
        tail = np.concatenate([np.arange(m), np.full(n, root), problem.tail]).astype(np.int32)
        head = np.concatenate([np.full(m, root), np.arange(m, root), problem.head + m]).astype(np.int32)
        cost = np.concatenate([problem.spare_cost, problem.unmet_cost, problem.cost])
        tree = (tree or SpanningTree.star(problem)).grown(len(cost))
        block = max(SMALLEST_BLOCK, int(np.sqrt(len(cost))))
        pivots = pivot(
            tail, head, cost, tree.parent, tree.arc, tree.up, tree.depth, tree.child, tree.after, tree.before,
            tree.anchor, tree.offset, tree.price, tree.flow, block, m,
        )  # fmt: skip
        price = tree.price[tree.anchor] + tree.offset
        return Optimum(tree.flow[root:], Certificate(-price[:m], price[m:root]), tree, pivots)


@compiled
def pivot(
    tail: Nodes, head: Nodes, cost: Ints, parent: Nodes, arc: Nodes, up: Bools, depth: Nodes, child: Nodes,
    after: Nodes, before: Nodes, anchor: Nodes, offset: Ints, price: Ints, flow: Ints, block: int,
    supplies: int,
) -> int:  # fmt: skip
    """Pivot until no arc has a negative reduced cost; return how often."""
    pivots = 0
    place, left, seen = 0, block, 0
    best, entering = 0, -1
    while seen < len(cost):
        b = head[place]
        reduced = cost[place] + price[tail[place]] - price[anchor[b]] - offset[b]
        if reduced < best:
            best, entering = reduced, place
        place = place + 1 if place + 1 < len(cost) else 0
        seen, left = seen + 1, left - 1
        if left > 0 and seen < len(cost):
            continue
        left = block
        if entering < 0:
            continue
        a, b = tail[entering], head[entering]
        join = meeting(parent, depth, anchor[a], anchor[b])
        # No cycle runs one way round, as supplies lead to the root and the root to demands.
        # Down from the join to the tail and on from the head back up: the last of the arcs that run
        # empty first leaves, which keeps the tree strongly feasible.
        amount, out, of_tail = np.int64(2**62), -1, True
        node = a
        while node != join:
            if up[node] and flow[arc[node]] < amount:
                amount, out = flow[arc[node]], node
            node = parent[node]
        node = b
        while node != join:
            if not up[node] and flow[arc[node]] <= amount:
                amount, out, of_tail = flow[arc[node]], node, False
            node = parent[node]
        if amount > 0:
            flow[entering] += amount
            node = a
            while node != join:
                flow[arc[node]] += -amount if up[node] else amount
                node = parent[node]
            node = b
            while node != join:
                flow[arc[node]] += amount if up[node] else -amount
                node = parent[node]
        seen, pivots = 0, pivots + 1
        if out == b and anchor[b] != b:
            # A leaf moves, and nothing else.
            parent[b], arc[b], anchor[b], offset[b] = a, entering, a, cost[entering]
            best, entering = 0, -1
            continue
        if anchor[b] != b:
            price[b] = price[anchor[b]] + offset[b]
            anchor[b], offset[b], depth[b] = b, 0, depth[parent[b]] + 1
            attach(child, after, before, b, parent[b])
        above = parent[out]
        if of_tail:
            hang(parent, arc, up, child, after, before, a, b, out, entering, True)
            shift(parent, depth, child, after, price, a, -best)
        else:
            hang(parent, arc, up, child, after, before, b, a, out, entering, False)
            shift(parent, depth, child, after, price, b, best)
        if supplies <= out and child[out] < 0:
            shed(cost, parent, arc, child, after, before, anchor, offset, out)
        if supplies <= above < len(parent) - 1 and child[above] < 0:
            shed(cost, parent, arc, child, after, before, anchor, offset, above)
        best, entering = 0, -1
    return pivots


@compiled
def meeting(parent: Nodes, depth: Nodes, a: int, b: int) -> int:
    """Return the lowest node above both `a` and `b`, or one of them."""
    while a != b:
        if depth[a] > depth[b]:
            a = parent[a]
        elif depth[b] > depth[a]:
            b = parent[b]
        else:
            a, b = parent[a], parent[b]
    return a


@inlined
def attach(child: Nodes, after: Nodes, before: Nodes, node: int, above: int) -> None:
    """Put `node` first among those below `above`."""
    before[node], after[node] = -1, child[above]
    if child[above] >= 0:
        before[child[above]] = node
    child[above] = node


@inlined
def detach(child: Nodes, after: Nodes, before: Nodes, node: int, above: int) -> None:
    """Take `node` out of those below `above`."""
    if before[node] >= 0:
        after[before[node]] = after[node]
    else:
        child[above] = after[node]
    if after[node] >= 0:
        before[after[node]] = before[node]


@inlined
def shed(
    cost: Ints, parent: Nodes, arc: Nodes, child: Nodes, after: Nodes, before: Nodes, anchor: Nodes,
    offset: Ints, node: int,
) -> None:  # fmt: skip
    """Make a demand a leaf: nothing is below it any more."""
    detach(child, after, before, node, parent[node])
    anchor[node], offset[node] = parent[node], cost[arc[node]]


@compiled
def hang(
    parent: Nodes, arc: Nodes, up: Bools, child: Nodes, after: Nodes, before: Nodes,
    node: int, above: int, out: int, entering: int, points_up: bool,
) -> None:  # fmt: skip
    """Cut the tree above `out` and hang that part below `above`, by its `node` and the arc `entering`."""
    by = entering
    while True:
        old, old_arc, old_up = parent[node], arc[node], up[node]
        detach(child, after, before, node, old)
        parent[node], arc[node], up[node] = above, by, points_up
        attach(child, after, before, node, above)
        if node == out:
            return
        node, above, by, points_up = old, node, old_arc, not old_up


@compiled
def shift(parent: Nodes, depth: Nodes, child: Nodes, after: Nodes, price: Ints, top: int, rise: int) -> None:
    """Raise the prices of `top` and all below it, and set their depths."""
    node = top
    while True:
        depth[node] = depth[parent[node]] + 1
        price[node] += rise
        if child[node] >= 0:
            node = child[node]
            continue
        while node != top and after[node] < 0:
            node = parent[node]
        if node == top:
            return
        node = after[node]
