"""Primal network simplex for the transport problem, compiled.

The simplex method on spanning tree bases (G. B. Dantzig, 1951; Ahuja, Magnanti and Orlin, *Network
Flows*, 1993, §11). Nodes are the supplies, the demand nodes and a root, over which slack and unmet
demand go. Between any two pivots these hold:

- Feasible flow: supply and demand balance at every node; arcs outside the tree are empty, or full.
- Node potentials: every tree arc has the reduced cost 0; `price` is the cost of the way from the root.
- Strongly feasible: from each node something can be sent up to the root. The choice of the leaving arc
  keeps it so, and then no pivot is repeated, degenerate or not: it never cycles (W. H. Cunningham, "A
  network simplex method", 1976).

A pivot is: pricing, block by block in a ring until one holds an arc of negative reduced cost (M. D.
Grigoriadis, 1986), O(block) a look; the cycle that the cheapest of the block closes, O(depth); and the
subtree that the leaving arc cuts off, hung below the entering arc, O(nodes in it). The flow is optimal
once a whole round of the ring finds nothing.

Special here: the first tree is a star; demand nodes are in the tree only where something hangs from
them, so that the many leaves cost nothing when potentials change; and arcs that join later find the
tree as it was.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matchopt.arrays import Ints
from matchopt.kernels import compiled, inlined, sized
from matchopt.solve.transport import Certificate, Nodes, Optimum, SpanningTree, Transport

SMALLEST_BLOCK = 20
"""Arcs priced in one go, at least."""

ENDLESS = 2**62
"""More than anything that flows."""

NOWHERE, ENTERING, LEAF = -1, -2, -3
"""In place of the node whose arc leaves: none so far, the entering arc itself, that of a leaf."""


class Arcs(NamedTuple):
    """All arcs: those to the root, those from it, one for each demand, then those of the problem.

    Attributes
    ----------
    tail, head, cost : (a,) int
        From a supply, or the root, to a demand node, or the root as the last one.
    most : (p,) int
        The most that the first p arcs carry; the others have no limit.
    """

    tail: Nodes
    head: Nodes
    cost: Ints
    most: Ints


class NetworkSimplex:
    """The default back end."""

    name = "simplex"

    def solve(self, problem: Transport, tree: SpanningTree | None = None) -> Optimum:
        """Return an optimal flow of `problem`, going on from `tree`; see `Backend`."""
        m, n, k = len(problem.supply), problem.nodes, len(problem.demand)
        most = np.concatenate([np.full(m, ENDLESS), problem.demand, problem.limit])
        most[m + problem.highest] = ENDLESS
        arcs = Arcs(
            np.concatenate([np.arange(m), np.full(k, m), problem.tail]).astype(np.int32),
            np.concatenate([np.full(m, n), problem.node, problem.head]).astype(np.int32),
            np.concatenate([problem.slack_cost, problem.unmet_cost, problem.cost]),
            most,
        )
        tree = (tree or SpanningTree.star(problem)).grown(len(arcs.cost))
        count = len(arcs.cost)
        sized(reprice, count)(arcs.cost, tree, m)
        block = max(SMALLEST_BLOCK, int(np.sqrt(count) / 4))
        pivots = sized(pivot, count)(arcs, tree, block, m)
        price = (tree.price[tree.anchor] + tree.offset)[:n]
        certificate = Certificate(-tree.price[:m], np.minimum(price[problem.node], problem.unmet_cost))
        return Optimum(tree.flow[m + k :], certificate, tree, pivots)


@compiled
def pivot(arcs: Arcs, tree: SpanningTree, block: int, root: int) -> int:
    """Pivot until no arc has a negative reduced cost; return how often."""
    tail, head, cost, most = arcs.tail, arcs.head, arcs.cost, arcs.most
    price, flow, anchor, offset, hold = tree.price, tree.flow, tree.anchor, tree.offset, tree.hold
    free = vacant(tree, root)
    pivots, place, left, seen = 0, 0, block, 0
    best, entering = 0, -1
    while seen < len(cost):
        # Pricing: `seen` arcs in a row have not improved, `left` remain of this block.
        b = head[place]
        reduced = cost[place] + price[tail[place]] - price[anchor[b]] - offset[b]
        if place < len(most) and flow[place] > 0:
            # Full, or in the tree and so at 0: it can only run lower.
            reduced = -reduced
        if reduced < best:
            best, entering = reduced, place
        place = place + 1 if place + 1 < len(cost) else 0
        seen, left = seen + 1, left - 1
        if left > 0 and seen < len(cost):
            continue
        left = block
        if entering < 0:
            continue
        # The cycle runs from the apex down to one end of the entering arc and up from the other. Of the
        # arcs that run empty or full first, the last on the way round leaves: that keeps the tree
        # strongly feasible.
        a, b = tail[entering], head[entering]
        forward = entering >= len(most) or flow[entering] == 0
        leaf = tree.demand[anchor[b]] != b
        apex = lowest_above(tree, a, anchor[b])
        amount, out = ENDLESS, NOWHERE
        if forward:
            amount, out = narrowest(tree, most, a, apex, True, amount, out)
            if entering < len(most) and most[entering] <= amount:
                amount, out = most[entering], ENTERING
            of_tail = out >= 0
            if leaf and flow[hold[b]] <= amount:
                amount, out, of_tail = flow[hold[b]], LEAF, False
            lowest, place_of_lowest = narrowest(tree, most, anchor[b], apex, False, amount, out)
            of_tail = of_tail and place_of_lowest == out
            amount, out = lowest, place_of_lowest
        else:
            if leaf and hold[b] < len(most) and most[hold[b]] - flow[hold[b]] < amount:
                amount, out = most[hold[b]] - flow[hold[b]], LEAF
            amount, out = narrowest(tree, most, anchor[b], apex, True, amount, out)
            if flow[entering] <= amount:
                amount, out = flow[entering], ENTERING
            lowest, place_of_lowest = narrowest(tree, most, a, apex, False, amount, out)
            of_tail = place_of_lowest != out
            amount, out = lowest, place_of_lowest
        if amount > 0:
            sent = amount if forward else -amount
            flow[entering] += sent
            augment(tree, a, apex, -sent)
            if leaf:
                flow[hold[b]] -= sent
            augment(tree, anchor[b], apex, sent)
        rise = best if forward else -best
        seen, pivots = 0, pivots + 1
        best = 0
        e, entering = entering, -1
        if out == ENTERING:
            # From empty to full or back: the tree stays as it is.
            continue
        if out == LEAF:
            # A leaf moves, and nothing else.
            anchor[b], offset[b], hold[b] = a, cost[e], e
            continue
        # The subtree below the leaving arc is hung up by the entering one; all of it rises by the
        # reduced cost of that arc, which so becomes 0.
        if leaf:
            free = unfold(tree, free, b)
        above = tree.parent[out]
        if of_tail:
            rehang(tree, a, anchor[b], out, e, True, -rise)
        else:
            rehang(tree, anchor[b], a, out, e, False, rise)
        free = fold(cost, tree, free, root, out)
        free = fold(cost, tree, free, root, above)
    return pivots


@compiled
def reprice(cost: Ints, tree: SpanningTree, root: int) -> None:
    """Set the node potentials at which tree arcs have the reduced cost 0: costs may have changed since.

    One pass in preorder, from the root down: O(nodes).
    """
    price, offset = tree.price, tree.offset
    node = tree.after[root]
    while node != root:
        along = cost[tree.arc[node]]
        price[node] = price[tree.parent[node]] + (-along if tree.up[node] else along)
        node = tree.after[node]
    for b in range(len(tree.hold) - 1):
        if tree.demand[tree.anchor[b]] != b:
            offset[b] = cost[tree.hold[b]]


@compiled
def lowest_above(tree: SpanningTree, a: int, b: int) -> int:
    """Return the apex of a cycle: the lowest node above both `a` and `b`, or one of them. O(depth)."""
    parent, depth = tree.parent, tree.depth
    while a != b:
        if depth[a] > depth[b]:
            a = parent[a]
        elif depth[b] > depth[a]:
            b = parent[b]
        else:
            a, b = parent[a], parent[b]
    return a


@compiled
def narrowest(
    tree: SpanningTree, most: Ints, node: int, apex: int, down: bool, amount: int, out: int
) -> tuple[int, int]:
    """Return what can be sent between `apex` and `node`, at most `amount`, and below which arc it ends.

    The ratio test on one side of the cycle, O(depth). Sent down, of several arcs the one nearest to
    `node` counts, and none but one narrower than `amount`; sent up, the one nearest to the apex, and one
    as narrow as `amount` as well. So it is the last one on the way round.
    """
    flow = tree.flow
    while node != apex:
        along = tree.arc[node]
        room = ENDLESS
        if tree.up[node] == down:
            room = flow[along]
        elif along < len(most):
            room = most[along] - flow[along]
        if room < amount or (room == amount and not down):
            amount, out = room, node
        node = tree.parent[node]
    return amount, out


@inlined
def augment(tree: SpanningTree, node: int, apex: int, amount: int) -> None:
    """Send an amount from `node` up to `apex`: O(depth)."""
    flow = tree.flow
    while node != apex:
        flow[tree.arc[node]] += amount if tree.up[node] else -amount
        node = tree.parent[node]


@compiled
def vacant(tree: SpanningTree, root: int) -> int:
    """Link the places for demands that none takes, each by its `parent` to the next; return the first."""
    free = NOWHERE
    for node in range(len(tree.parent) - 1, root, -1):
        if tree.demand[node] < 0:
            tree.parent[node], free = free, node
    return free


@inlined
def unfold(tree: SpanningTree, free: int, b: int) -> int:
    """Make a leaf a node of the tree, at the place `free`; return the next free one."""
    anchor, offset = tree.anchor, tree.offset
    above, following = anchor[b], tree.parent[free]
    tree.parent[free], tree.arc[free], tree.up[free] = above, tree.hold[b], False
    tree.depth[free], tree.demand[free] = tree.depth[above] + 1, b
    tree.price[free] = tree.price[above] + offset[b]
    insert(tree.after, tree.before, free, free, above)
    anchor[b], offset[b] = free, 0
    return following


@inlined
def fold(cost: Ints, tree: SpanningTree, free: int, root: int, node: int) -> int:
    """Make a demand a leaf again if nothing hangs from it any more; return the first free place."""
    if node <= root or tree.depth[tree.after[node]] > tree.depth[node]:
        return free
    after, before = tree.after, tree.before
    after[before[node]] = after[node]
    before[after[node]] = before[node]
    b, along = tree.demand[node], tree.arc[node]
    tree.anchor[b], tree.offset[b], tree.hold[b] = tree.parent[node], cost[along], along
    tree.demand[node], tree.parent[node] = NOWHERE, free
    return node


@inlined
def insert(after: Nodes, before: Nodes, first: int, last: int, above: int) -> None:
    """Put the nodes from `first` to `last` right after `above` in preorder."""
    after[last], before[first] = after[above], above
    before[after[above]] = last
    after[above] = first


@compiled
def rehang(
    tree: SpanningTree, node: int, above: int, out: int, entering: int, points_up: bool, rise: int
) -> None:
    """Cut the tree above `out` and hang that subtree below `above`, by its `node` and the arc `entering`.

    All its potentials rise by `rise`. The nodes from `node` up to `out`, its old root, now hang below each
    other, each followed in preorder by all that hung from it, but for the one before and what went with
    that. O(nodes in the subtree), each once.
    """
    parent, arc, up, depth, price = tree.parent, tree.arc, tree.up, tree.depth, tree.price
    after, before = tree.after, tree.before
    begin, top, over, by, level = before[out], node, above, entering, depth[above] + 1
    last, gone, resume = above, NOWHERE, NOWHERE
    while True:
        old_parent, old_arc, old_up, old_depth = parent[top], arc[top], up[top], depth[top]
        if top != node:
            after[last], before[top] = top, last
        depth[top] = level
        price[top] += rise
        last, below = top, after[top]
        while True:
            if below == gone:
                # What hung from the node before is in its new place already: on with what came after it.
                after[last], before[resume] = resume, last
                below = resume
            if depth[below] <= old_depth:
                break
            depth[below] += level - old_depth
            price[below] += rise
            last, below = below, after[below]
        parent[top], arc[top], up[top] = over, by, points_up
        if top == out:
            break
        gone, resume = top, below
        over, top, by, points_up, level = top, old_parent, old_arc, not old_up, level + 1
    after[begin], before[below] = below, begin
    insert(after, before, node, last, above)
