"""The primal network simplex for transport problems, compiled.

A basis is a spanning tree of the supplies, the demands and a root, over which what is spare and
unmet goes. Prices make each arc of the tree cost nothing; an arc that would pay enters, closes a
cycle, and the first arc that runs empty, or full, on it leaves (G. B. Dantzig, 1951; Ahuja, Magnanti
and Orlin, *Network Flows*, 1993, §11). What makes it fast: the tree starts as a star, and is kept
strongly feasible, so that it never cycles (W. H. Cunningham, "A network simplex method", 1976);
arcs are looked at a block at a time (M. D. Grigoriadis, 1986); demands are in the tree only where
something hangs from them; and arcs that join later find the tree as it was.
"""

from __future__ import annotations

import numpy as np

from matchopt.arrays import Bools, Ints
from matchopt.kernels import compiled, inlined, sized
from matchopt.solve.transport import Certificate, Nodes, Optimum, SpanningTree, Transport

SMALLEST_BLOCK = 20
"""Arcs looked at in one go, at least."""

ENDLESS = 2**62
"""More than anything that flows."""

NOWHERE, ENTERING, LEAF = -1, -2, -3
"""In place of the node whose arc leaves: none so far, the entering arc itself, that of a leaf."""


class NetworkSimplex:
    """The default back end."""

    name = "simplex"

    def solve(self, problem: Transport, tree: SpanningTree | None = None) -> Optimum:
        """Return an optimal flow of `problem`, going on from `tree`; see `Backend`."""
        m, n, k = len(problem.supply), problem.nodes, len(problem.demand)
        tail = np.concatenate([np.arange(m), np.full(k, m), problem.tail]).astype(np.int32)
        head = np.concatenate([np.full(m, n), problem.node, problem.head]).astype(np.int32)
        cost = np.concatenate([problem.spare_cost, problem.unmet_cost, problem.cost])
        most = np.concatenate([np.full(m, ENDLESS), problem.demand, problem.limit])
        most[m + problem.dearest] = ENDLESS
        tree = (tree or SpanningTree.star(problem)).grown(len(cost))
        sized(reprice, len(cost))(
            cost,
            tree.parent,
            tree.arc,
            tree.up,
            tree.after,
            tree.demand,
            tree.price,
            tree.anchor,
            tree.offset,
            tree.hold,
            m,
        )
        block = max(SMALLEST_BLOCK, int(np.sqrt(len(cost)) / 4))
        pivots = sized(pivot, len(cost))(
            tail,
            head,
            cost,
            most,
            tree.parent,
            tree.arc,
            tree.up,
            tree.depth,
            tree.after,
            tree.before,
            tree.demand,
            tree.price,
            tree.anchor,
            tree.offset,
            tree.hold,
            tree.flow,
            block,
            m,
        )
        price = (tree.price[tree.anchor] + tree.offset)[:n]
        certificate = Certificate(-tree.price[:m], np.minimum(price[problem.node], problem.unmet_cost))
        return Optimum(tree.flow[m + k :], certificate, tree, pivots)


@compiled
def pivot(
    tail: Nodes,
    head: Nodes,
    cost: Ints,
    most: Ints,
    parent: Nodes,
    arc: Nodes,
    up: Bools,
    depth: Nodes,
    after: Nodes,
    before: Nodes,
    demand: Nodes,
    price: Ints,
    anchor: Nodes,
    offset: Ints,
    hold: Nodes,
    flow: Ints,
    block: int,
    root: int,
) -> int:
    """Pivot until no arc would pay; return how often."""
    free = vacant(parent, demand, root)
    pivots, place, left, seen = 0, 0, block, 0
    best, entering = 0, -1
    while seen < len(cost):
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
        a, b = tail[entering], head[entering]
        forward = entering >= len(most) or flow[entering] == 0
        leaf = demand[anchor[b]] != b
        join = meeting(parent, depth, a, anchor[b])
        # Round the cycle, from the join down one side, over the entering arc, up the other: the last
        # of the arcs that run empty or full first leaves, which keeps the tree strongly feasible.
        amount, out = ENDLESS, NOWHERE
        if forward:
            amount, out = narrowest(parent, arc, up, most, flow, a, join, True, amount, out)
            if entering < len(most) and most[entering] <= amount:
                amount, out = most[entering], ENTERING
            of_tail = out >= 0
            if leaf and flow[hold[b]] <= amount:
                amount, out, of_tail = flow[hold[b]], LEAF, False
            lowest, place_of_lowest = narrowest(
                parent, arc, up, most, flow, anchor[b], join, False, amount, out
            )
            of_tail = of_tail and place_of_lowest == out
            amount, out = lowest, place_of_lowest
        else:
            if leaf and hold[b] < len(most) and most[hold[b]] - flow[hold[b]] < amount:
                amount, out = most[hold[b]] - flow[hold[b]], LEAF
            amount, out = narrowest(parent, arc, up, most, flow, anchor[b], join, True, amount, out)
            if flow[entering] <= amount:
                amount, out = flow[entering], ENTERING
            lowest, place_of_lowest = narrowest(parent, arc, up, most, flow, a, join, False, amount, out)
            of_tail = place_of_lowest != out
            amount, out = lowest, place_of_lowest
        if amount > 0:
            sent = amount if forward else -amount
            flow[entering] += sent
            send(parent, arc, up, flow, a, join, -sent)
            if leaf:
                flow[hold[b]] -= sent
            send(parent, arc, up, flow, anchor[b], join, sent)
        rise = best if forward else -best
        seen, pivots = 0, pivots + 1
        best = 0
        e, entering = entering, -1
        if out == ENTERING:
            continue
        if out == LEAF:
            # A leaf moves, and nothing else.
            anchor[b], offset[b], hold[b] = a, cost[e], e
            continue
        if leaf:
            free = grow(parent, arc, up, depth, after, before, demand, price, anchor, offset, hold, free, b)
        above = parent[out]
        if of_tail:
            hang(parent, arc, up, depth, after, before, price, a, anchor[b], out, e, True, -rise)
        else:
            hang(parent, arc, up, depth, after, before, price, anchor[b], a, out, e, False, rise)
        free = shed(cost, parent, arc, depth, after, before, demand, anchor, offset, hold, free, root, out)
        free = shed(cost, parent, arc, depth, after, before, demand, anchor, offset, hold, free, root, above)
    return pivots


@compiled
def reprice(
    cost: Ints,
    parent: Nodes,
    arc: Nodes,
    up: Bools,
    after: Nodes,
    demand: Nodes,
    price: Ints,
    anchor: Nodes,
    offset: Ints,
    hold: Nodes,
    root: int,
) -> None:
    """Write the prices at which each arc of the tree costs nothing: costs may have changed since."""
    node = after[root]
    while node != root:
        along = cost[arc[node]]
        price[node] = price[parent[node]] + (-along if up[node] else along)
        node = after[node]
    for b in range(len(hold) - 1):
        if demand[anchor[b]] != b:
            offset[b] = cost[hold[b]]


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


@compiled
def narrowest(
    parent: Nodes,
    arc: Nodes,
    up: Bools,
    most: Ints,
    flow: Ints,
    node: int,
    join: int,
    down: bool,
    amount: int,
    out: int,
) -> tuple[int, int]:
    """Return what can be sent between `join` and `node`, at most `amount`, and below which arc it ends.

    Sent down, of several arcs the one nearest to `node` counts, and none but one narrower than
    `amount`; sent up, the one nearest to the join, and one as narrow as `amount` as well.
    """
    while node != join:
        along = arc[node]
        room = ENDLESS
        if up[node] == down:
            room = flow[along]
        elif along < len(most):
            room = most[along] - flow[along]
        if room < amount or (room == amount and not down):
            amount, out = room, node
        node = parent[node]
    return amount, out


@inlined
def send(parent: Nodes, arc: Nodes, up: Bools, flow: Ints, node: int, join: int, amount: int) -> None:
    """Send an amount from `node` up to `join`."""
    while node != join:
        flow[arc[node]] += amount if up[node] else -amount
        node = parent[node]


@compiled
def vacant(parent: Nodes, demand: Nodes, root: int) -> int:
    """Link the places for demands that none takes, each by its `parent` to the next; return the first."""
    free = NOWHERE
    for node in range(len(parent) - 1, root, -1):
        if demand[node] < 0:
            parent[node], free = free, node
    return free


@inlined
def grow(
    parent: Nodes,
    arc: Nodes,
    up: Bools,
    depth: Nodes,
    after: Nodes,
    before: Nodes,
    demand: Nodes,
    price: Ints,
    anchor: Nodes,
    offset: Ints,
    hold: Nodes,
    free: int,
    b: int,
) -> int:
    """Make a leaf a node of the tree, at the place `free`; return the next free one."""
    above, following = anchor[b], parent[free]
    parent[free], arc[free], up[free], depth[free] = above, hold[b], False, depth[above] + 1
    demand[free], price[free] = b, price[above] + offset[b]
    insert(after, before, free, free, above)
    anchor[b], offset[b] = free, 0
    return following


@inlined
def shed(
    cost: Ints,
    parent: Nodes,
    arc: Nodes,
    depth: Nodes,
    after: Nodes,
    before: Nodes,
    demand: Nodes,
    anchor: Nodes,
    offset: Ints,
    hold: Nodes,
    free: int,
    root: int,
    node: int,
) -> int:
    """Make a demand a leaf again if nothing hangs from it any more; return the first free place."""
    if node <= root or depth[after[node]] > depth[node]:
        return free
    remove(after, before, node, node)
    b = demand[node]
    anchor[b], offset[b], hold[b] = parent[node], cost[arc[node]], arc[node]
    demand[node], parent[node] = NOWHERE, free
    return node


@inlined
def insert(after: Nodes, before: Nodes, first: int, last: int, above: int) -> None:
    """Put the nodes from `first` to `last` right after `above`."""
    after[last], before[first] = after[above], above
    before[after[above]] = last
    after[above] = first


@inlined
def remove(after: Nodes, before: Nodes, first: int, last: int) -> None:
    """Take out the nodes from `first` to `last`."""
    after[before[first]] = after[last]
    before[after[last]] = before[first]


@compiled
def hang(
    parent: Nodes,
    arc: Nodes,
    up: Bools,
    depth: Nodes,
    after: Nodes,
    before: Nodes,
    price: Ints,
    node: int,
    above: int,
    out: int,
    entering: int,
    points_up: bool,
    rise: int,
) -> None:
    """Cut the tree above `out` and hang that part below `above`, by its `node` and the arc `entering`.

    All its prices rise by `rise`. The nodes from `node` to `out` now hang below each other, each
    followed by all that hung from it, but for the one before and what went with that.
    """
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
