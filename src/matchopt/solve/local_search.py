"""Local search for whole plans, compiled: ruin and recreate with ejection, first what is most urgent.

A step takes some lines of a plan away (ruin), serves the needs that lost them again in the order of their
tiers (recreate), and stands if the plan is then no worse, tier by tier and in the end by cost; else it is
taken back. A need may take what it lacks from lines of later tiers (ejection), whose needs are served
again after it. Donations for few communities are given up as a whole now and then, and choose the
communities anew in which they do most.

Flags, granules, capacities and a budget are kept at every step; fairness and promises are not known here.
(G. Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle", 2000;
J. Christiaens and G. Vanden Berghe, "Slack induction by string removals for vehicle routing problems", 2020;
ejection after M. Yagiura, T. Ibaraki and F. Glover, "A path relinking approach with ejection chains for the
generalized assignment problem", 2006.)

All random numbers come from one seed, so that equal steps give equal plans. All of it is one file, for a
kernel may call only kernels of its own file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matchopt.arrays import Floats, Ints
from matchopt.kernels import compiled, part_of_kernel

Records = npt.NDArray[Any]

NEAR = 1e-6
"""`matchopt.tolerances.EQUAL`, here because compiled code would not notice a change."""

DUST = 1e-9
"""`matchopt.tolerances.ROUNDING`."""

QUEUE = 512
"""Needs that are served again in one step, at most."""

LOTS = 1e6
"""More than what prices of units differ by."""

KEEP_ALL = 4
"""The rule by which nobody gives way."""

ROOM = 1 << 14
"""Bookings after which a step ends."""


COLUMN = np.dtype(
    [
        (name, np.int64)
        for name in ("tail", "head", "load", "loaded", "after", "before", "after_in", "before_in")
    ]
    + [(name, np.float64) for name in ("served", "cost", "spend", "price", "amount")]
)
"""A column: of one granule, units it serves, what it costs, what the budget counts of that; what a unit seems
to cost once the donation is paid for, by which columns are compared; where its loads begin and end; the
granules over it; and its neighbours in the lists of columns in use of its donation and of its need, -1 at the
ends."""

DONATION = np.dtype(
    [(name, np.int64) for name in ("place", "limit", "first", "end", "spread", "line")]
    + [("left", np.float64)]
)
"""A donation: its row among those for few communities, or -1, to how many it may go and to how many it goes;
where its columns begin and end; its first column in use; and granules left."""

NEED = np.dtype(
    [(name, np.int64) for name in ("level", "community", "first", "end", "lines", "line", "waits")]
    + [(name, np.int64) for name in ("single", "complete")]
    + [("rest", np.float64), ("value", np.float64)]
)
"""A need: number of its tier and of its community; where its columns begin and end; how many are in use, and
the first; whether it waits to be served; its flags; units not served; what one counts in the last stage."""

LOAD = np.dtype([("row", np.int64), ("kg", np.float64)])
"""What one granule of a column puts on a shared capacity."""

BOOKING = np.dtype([("column", np.int64), ("granules", np.float64)])
"""Granules that went over a column."""


class Standing(NamedTuple):
    """A plan, what it leaves, and room to work in.

    Attributes
    ----------
    columns, donations, needs, loads
        Records of `COLUMN`, `DONATION`, `NEED` and `LOAD`.
    of_need, of_donation : (w,) int
        Columns by need, and by donation, community and tier.
    room : (r + 1,) float
        What capacities leave, and the budget.
    visits : (p, c) int
        Columns over which each donation for few communities goes to each community, pinned lines included.
    held : (m, levels) float
        Granules that needs of each tier have of each donation.
    reached : (levels + 1,) float
        Units served by tier, and the value of the last stage.
    bookings
        What was booked in a step.
    queue, tried
        Needs to be served again, and columns tried.
    counts : (2,) int
        Bookings, and needs in the queue.
    random
        Where the random numbers stand.
    sums : (3, levels + 1) float
        Like `reached`.
    """

    columns: Records
    donations: Records
    needs: Records
    loads: Records
    of_need: Ints
    of_donation: Ints
    room: Floats
    visits: Ints
    held: Floats
    reached: Floats
    bookings: Records
    queue: Ints
    tried: Ints
    counts: Ints
    random: npt.NDArray[np.uint64]
    sums: Floats


BOOKED, QUEUED = 0, 1


@part_of_kernel
def draw(random: npt.NDArray[np.uint64], below: int) -> Any:
    """Return a random number from 0 to below `below` (xorshift64*)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below


@part_of_kernel
def linked(s: Standing, c: int) -> None:
    """Put a column at the head of the lists of those in use."""
    column = s.columns[c]
    donation, need = s.donations[column.tail], s.needs[column.head]
    column.after, column.before, column.after_in, column.before_in = donation.line, -1, need.line, -1
    if donation.line >= 0:
        s.columns[donation.line].before = c
    if need.line >= 0:
        s.columns[need.line].before_in = c
    donation.line = need.line = c
    need.lines += 1
    if donation.place >= 0:
        s.visits[donation.place, need.community] += 1
        if s.visits[donation.place, need.community] == 1:
            donation.spread += 1


@part_of_kernel
def unlinked(s: Standing, c: int) -> None:
    """Take a column out of the lists of those in use."""
    column = s.columns[c]
    donation, need = s.donations[column.tail], s.needs[column.head]
    if column.before >= 0:
        s.columns[column.before].after = column.after
    else:
        donation.line = column.after
    if column.after >= 0:
        s.columns[column.after].before = column.before
    if column.before_in >= 0:
        s.columns[column.before_in].after_in = column.after_in
    else:
        need.line = column.after_in
    if column.after_in >= 0:
        s.columns[column.after_in].before_in = column.before_in
    need.lines -= 1
    if donation.place >= 0:
        s.visits[donation.place, need.community] -= 1
        if s.visits[donation.place, need.community] == 0:
            donation.spread -= 1


@part_of_kernel
def book(s: Standing, c: int, granules: float) -> None:
    """Send so many granules more, or less, over a column."""
    column, levels = s.columns[c], len(s.reached) - 1
    need = s.needs[column.head]
    before = column.amount
    now = before + granules
    column.amount = now
    units = granules * column.served
    s.donations[column.tail].left -= granules
    need.rest -= units
    s.held[column.tail, need.level] += granules
    if levels:
        s.reached[need.level] += units
    s.reached[levels] += units * need.value - granules * column.cost
    s.room[len(s.room) - 1] -= granules * column.spend
    for e in range(column.load, column.loaded):
        s.room[s.loads[e].row] -= granules * s.loads[e].kg
    if before == 0.0 and now > 0.0:
        linked(s, c)
    elif before > 0.0 and now == 0.0:
        unlinked(s, c)


@part_of_kernel
def give(s: Standing, c: int, granules: float) -> None:
    """Book, and note it in case it has to be taken back."""
    book(s, c, granules)
    booking = s.bookings[s.counts[BOOKED]]
    booking.column, booking.granules = c, granules
    s.counts[BOOKED] += 1


@part_of_kernel
def take_back(s: Standing, mark: int) -> None:
    """Take back all that was booked since `mark`, the last first."""
    while s.counts[BOOKED] > mark:
        s.counts[BOOKED] -= 1
        booking = s.bookings[s.counts[BOOKED]]
        book(s, booking.column, -booking.granules)


@part_of_kernel
def fits(s: Standing, c: int, left: float) -> Any:
    """Return the granules that can go over a column of a donation that has so many left."""
    column = s.columns[c]
    donation, need = s.donations[column.tail], s.needs[column.head]
    if (
        donation.place >= 0
        and s.visits[donation.place, need.community] == 0
        and donation.spread >= donation.limit
    ):
        return 0.0
    if len(s.reached) == 1 and column.cost >= column.served * need.value:
        return 0.0
    most = min(left, np.floor(need.rest / column.served + DUST))
    for e in range(column.load, column.loaded):
        most = min(most, np.floor(s.room[s.loads[e].row] / s.loads[e].kg + DUST))
    money = s.room[len(s.room) - 1]
    if column.spend > 0.0 and money < np.inf:
        most = min(most, np.floor(money / column.spend + DUST))
    return max(most, 0.0)


@part_of_kernel
def within_reach(s: Standing, i: int, level: int) -> Any:
    """Return the granules of a donation that are left, or held by needs of tiers after `level`."""
    left = s.donations[i].left
    for later in range(level + 1, s.held.shape[1]):
        left += s.held[i, later]
    return left


@part_of_kernel
def wait(s: Standing, j: int) -> None:
    """Let a need be served again in this step."""
    if s.needs[j].waits == 0 and s.counts[QUEUED] < QUEUE:
        s.needs[j].waits = 1
        s.queue[s.counts[QUEUED]] = j
        s.counts[QUEUED] += 1


@part_of_kernel
def empty(s: Standing, c: int) -> None:
    """Take all from a line, and from all others of its need if that is served in full or not at all."""
    j = s.columns[c].head
    if s.needs[j].complete:
        while s.needs[j].line >= 0:
            c = s.needs[j].line
            give(s, c, -s.columns[c].amount)
    else:
        give(s, c, -s.columns[c].amount)
    wait(s, j)


@part_of_kernel
def eject(s: Standing, i: int, wanted: float, level: int) -> None:
    """Make so many granules of a donation free, from the least urgent and dearest lines first."""
    while s.donations[i].left < wanted:
        best, urgent, c = -1, level, s.donations[i].line
        while c >= 0:
            column = s.columns[c]
            own = s.needs[column.head].level
            if own > urgent or (best >= 0 and own == urgent and column.price > s.columns[best].price):
                best, urgent = c, own
            c = column.after
        if best < 0:
            return
        j, short = s.columns[best].head, wanted - s.donations[i].left
        if s.needs[j].complete or s.columns[best].amount <= short:
            empty(s, best)
        else:
            give(s, best, -short)
            wait(s, j)


@part_of_kernel
def send(s: Standing, c: int, granules: float) -> None:
    """Send over a column what fits of so many granules, for which less urgent lines give way."""
    i, j = s.columns[c].tail, s.columns[c].head
    if s.donations[i].left < granules:
        eject(s, i, granules, s.needs[j].level)
    granules = min(granules, fits(s, c, s.donations[i].left))
    if granules > 0:
        give(s, c, granules)


@part_of_kernel
def chosen(s: Standing, j: int, level: int, rule: int) -> int:
    """Return the next column to serve a need over, -1 for none; what tiers after `level` hold counts as free.

    Rule 1 prefers the largest granules. All but rules 0 and `KEEP_ALL` let chance change costs by up to 40 %.
    """
    best, least = -1, 0.0
    need = s.needs[j]
    donor = s.columns[need.line].tail if need.single and need.line >= 0 else -1
    for e in range(need.first, need.end):
        if s.tried[e - need.first]:
            continue
        c = s.of_need[e]
        column = s.columns[c]
        fit = fits(s, c, within_reach(s, column.tail, level))
        short = need.single and need.complete and fit * column.served < need.rest - NEAR
        if fit < 1.0 or short or (donor >= 0 and column.tail != donor):
            s.tried[e - need.first] = 1
            continue
        price = column.price
        if 0 < rule < KEEP_ALL:
            price += 0.001 * draw(s.random, 400) * column.cost / column.served
        if need.single:
            price -= LOTS * fit * column.served
        elif rule == 1:
            price -= LOTS * column.served
        if best < 0 or price < least:
            best, least = e, price
    return best


@part_of_kernel
def serve(s: Standing, j: int, rule: int) -> None:
    """Serve a need as far as can be, first from what is free, then from what less urgent needs have.

    One that has to be served in full is left alone if it cannot be. By the rule `KEEP_ALL` nobody gives way.
    """
    mark, need = s.counts[BOOKED], s.needs[j]
    for turn in range(1 if rule == KEEP_ALL else 2):
        level = s.held.shape[1] if turn == 0 else need.level
        s.tried[: need.end - need.first] = 0
        while need.rest > NEAR and (turn == 0 or level < s.held.shape[1] - 1):
            e = chosen(s, j, level, rule)
            if e < 0:
                break
            s.tried[e - need.first] = 1
            c = s.of_need[e]
            send(s, c, fits(s, c, within_reach(s, s.columns[c].tail, level)))
            if need.single:
                break
    if need.complete and need.rest > NEAR:
        take_back(s, mark)


@part_of_kernel
def in_community(s: Standing, i: int, at: int, now: bool) -> int:
    """Give a donation, or only add up what it would do, in the community of its columns from `at` on.

    Returns where those of the next community begin; the sum is in ``sums[0]``.
    """
    community, left, gain = (
        s.needs[s.columns[s.of_donation[at]].head].community,
        s.donations[i].left,
        s.sums[0],
    )
    gain[:] = 0.0
    while at < s.donations[i].end:
        c = s.of_donation[at]
        column = s.columns[c]
        need = s.needs[column.head]
        if need.community != community:
            break
        at += 1
        if need.single and need.lines > 0:
            continue
        granules = fits(s, c, left)
        units = granules * column.served
        if granules < 1.0 or (need.complete and units < need.rest - NEAR):
            continue
        left -= granules
        if len(gain) > 1:
            gain[need.level] += units
        gain[len(gain) - 1] += units * need.value - granules * column.cost
        if now:
            give(s, c, granules)
    return at


@part_of_kernel
def spread_out(s: Standing, i: int) -> None:
    """Give what a donation has left to the communities in which it does most, one after the other."""
    while s.donations[i].left >= 1.0:
        best, at = -1, s.donations[i].first
        s.sums[1, :] = 0.0
        while at < s.donations[i].end:
            start = at
            at = in_community(s, i, at, False)
            if better(s.sums[0], s.sums[1]):
                s.sums[1, :] = s.sums[0]
                best = start
        if best < 0:
            return
        in_community(s, i, best, True)


@part_of_kernel
def better(mine: Floats, theirs: Floats) -> bool:
    """Return whether `mine` is better, tier by tier and then in the last stage."""
    for k in range(len(mine)):
        if mine[k] > theirs[k] + NEAR:
            return True
        if mine[k] < theirs[k] - NEAR:
            return False
    return False


@part_of_kernel
def recreate(s: Standing, rule: int) -> None:
    """Serve the needs that wait, the most urgent first; those that have to give way to them wait in turn."""
    served = 0
    while s.counts[QUEUED] > served and s.counts[BOOKED] < ROOM:
        best = served
        for k in range(served + 1, s.counts[QUEUED]):
            if s.needs[s.queue[k]].level < s.needs[s.queue[best]].level:
                best = k
        j = s.queue[best]
        s.queue[best] = s.queue[served]
        s.queue[served] = j
        served += 1
        s.needs[j].waits = 0
        serve(s, j, rule)
    for k in range(served, s.counts[QUEUED]):
        s.needs[s.queue[k]].waits = 0
    s.counts[QUEUED] = 0


@part_of_kernel
def ruin(s: Standing, seed: int) -> None:
    """Take lines away around a need: some of those of the donations that could serve it."""
    first, count = s.needs[seed].first, s.needs[seed].end - s.needs[seed].first
    if count == 0:
        return
    wait(s, seed)
    if s.needs[seed].line >= 0 and draw(s.random, 2) == 0:
        empty(s, s.needs[seed].line)
    for _ in range(1 + draw(s.random, 4)):
        i = s.columns[s.of_need[first + draw(s.random, count)]].tail
        c, skip = s.donations[i].line, draw(s.random, 4)
        while c >= 0 and skip > 0:
            c = s.columns[c].after
            skip -= 1
        lines = 1 + draw(s.random, 4)
        while c >= 0 and lines > 0:
            after = s.columns[c].after
            if after >= 0 and s.columns[after].head == s.columns[c].head:
                after = -1
            empty(s, c)
            c = after
            lines -= 1


@part_of_kernel
def ruin_donation(s: Standing, i: int) -> None:
    """Give up all lines of a donation and let it choose its communities anew."""
    while s.donations[i].line >= 0:
        empty(s, s.donations[i].line)
    spread_out(s, i)


@compiled
def build(s: Standing, order: Ints, few: Ints, rule: int) -> None:
    """Build a plan upon what stands: donations for few communities first, then need by need in `order`."""
    for i in few:
        spread_out(s, i)
        s.counts[BOOKED] = 0
    for j in order:
        if s.needs[j].rest > NEAR:
            wait(s, j)
            recreate(s, rule)
            s.counts[BOOKED] = 0


@compiled
def walk(s: Standing, few: Ints, steps: int) -> int:
    """Go so many steps, of which none makes the plan worse; return after how many it last became better.

    `few` are the donations for few communities.
    """
    last, before = 0, s.sums[2]
    for step in range(1, steps + 1):
        s.counts[BOOKED] = 0
        before[:] = s.reached
        rule = draw(s.random, 4)
        if len(few) and draw(s.random, 16) == 0:
            ruin_donation(s, few[draw(s.random, len(few))])
        else:
            seed = draw(s.random, len(s.needs))
            for _ in range(12 if draw(s.random, 4) else 0):
                if s.needs[seed].rest > NEAR:
                    break
                seed = draw(s.random, len(s.needs))
            ruin(s, seed)
        recreate(s, rule)
        if better(before, s.reached):
            take_back(s, 0)
            s.reached[:] = before
        elif better(s.reached, before):
            last = step
    return last


@compiled
def start(s: Standing, columns: Ints, granules: Floats) -> None:
    """Book a plan upon an empty one."""
    for k in range(len(columns)):
        book(s, columns[k], granules[k])
