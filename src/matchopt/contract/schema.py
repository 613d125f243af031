"""Every table of a case, as data: columns, kinds, units, ranges, defaults, Chinese names.

The reader, the checks, the templates of ``matchopt new`` and the documentation all
read this page; nothing about a column is written down twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from matchopt.contract.fields import (
    CHANNELS,
    FLAGS,
    KINDS_OF_ITEM,
    LARGEST_QUANTITY,
    STATUSES,
    Column,
    Kind,
    Table,
)


def _text(name: str, zh: str, about: str, about_zh: str, **rest: object) -> Column:
    return Column(name, zh, Kind.TEXT, about, about_zh, **rest)  # type: ignore[arg-type]


def _number(name: str, zh: str, about: str, about_zh: str, **rest: object) -> Column:
    return Column(name, zh, Kind.NUMBER, about, about_zh, **rest)  # type: ignore[arg-type]


def _whole(name: str, zh: str, about: str, about_zh: str, **rest: object) -> Column:
    return Column(name, zh, Kind.WHOLE, about, about_zh, **rest)  # type: ignore[arg-type]


def _day(name: str, zh: str, about: str, about_zh: str, **rest: object) -> Column:
    return Column(name, zh, Kind.DAY, about, about_zh, **rest)  # type: ignore[arg-type]


def _flag(name: str, zh: str, about: str, about_zh: str) -> Column:
    return Column(
        name, zh, Kind.FLAG, about, about_zh, default=False, choices=FLAGS, example="no", example_zh="否"
    )


def _coordinates(latitude: str, longitude: str) -> tuple[Column, Column]:
    return (
        _number(
            "latitude", "纬度", "degrees north, -90..90", "北纬度数，-90 到 90",
            unit="degrees", least=-90, most=90, example=latitude,
        ),
        _number(
            "longitude", "经度", "degrees east, -180..180", "东经度数，-180 到 180",
            unit="degrees", least=-180, most=180, example=longitude,
        ),
    )  # fmt: skip


# fmt: off
NEEDS = Table(
    "needs", "需求", "what residents and communities ask for", "居民和社区提出的需求",
    (
        _text("need_id", "需求编号", "unique name of the need", "需求的唯一编号",
              required=True, example="N-001"),
        _text("community", "社区", "where it is delivered", "送达的社区",
              required=True, example="Riverside", example_zh="河滨社区",
              refers_to="communities.community"),
        _text("item", "物资", "what is asked for", "需要的物资或服务",
              required=True, example="rice", example_zh="大米", refers_to="items.item"),
        _number("quantity", "数量", "how much, above 0", "数量，大于 0",
                required=True, unit="item units", above=0, most=LARGEST_QUANTITY, example="20"),
        _whole("priority", "优先级", "tier 1..9, 1 is served first; empty is 5", "1 到 9，1 最优先；不填为 5",
               default=5, least=1, most=9, example="1"),
        _text("group", "人群", "beneficiary group", "受益人群，例如老人、儿童、残障人士",
              example="elderly", example_zh="老人"),
        _day("needed_from", "最早送达", "first day of delivery", "最早可以送达的日期", example="2026-03-01"),
        _day("needed_by", "最晚送达", "last day of delivery", "最晚必须送达的日期", example="2026-03-14"),
        _whole("min_quality", "最低质量", "lowest quality accepted, 1..5", "可接受的最低质量，1 到 5",
               default=1, least=1, most=5, example="3"),
        _whole("min_remaining_days", "最短剩余保质天数", "shelf life that must remain on delivery",
               "送达时至少还要剩余的保质天数", unit="days", default=0, least=0, example="5"),
        Column("channel", "渠道", Kind.CHOICE, "who stated the need: resident, public_sector or enterprise",
               "需求由谁提出：居民、公共部门或企业", default="resident", choices=CHANNELS,
               example="resident", example_zh="居民"),
        _flag("single_source", "单一来源", "yes: at most one donation may serve it",
              "是：只能由一笔捐赠满足"),
        _flag("all_or_nothing", "全部或不给", "yes: in full or not at all", "是：要么全部满足，要么不给"),
        _number("unmet_cost", "未满足代价", "deprivation cost of one unit not served; empty is the policy's",
                "每单位未满足的代价；不填按设置", unit="currency/unit", least=0, example="100"),
        _day("created_on", "登记日期", "when the need became known", "需求登记的日期", example="2026-02-20"),
    ),
    key=("need_id",), required=True, aliases=("需求表",),
)

DONATIONS = Table(
    "donations", "捐赠", "what enterprises and others offer", "企业和其他捐赠方提供的物资、服务或资金",
    (
        _text("donation_id", "捐赠编号", "unique name of the donation", "捐赠的唯一编号",
              required=True, example="D-001"),
        _text("donor", "捐赠方", "who gives; empty is the donation_id", "捐赠者；不填即为捐赠编号",
              example="Sunrise Foods", example_zh="朝阳食品"),
        _text("item", "物资", "what is given", "捐赠的物资或服务",
              required=True, example="rice", example_zh="大米", refers_to="items.item"),
        _number("quantity", "数量", "how much, above 0", "数量，大于 0",
                required=True, unit="item units", above=0, most=LARGEST_QUANTITY, example="500"),
        _text("origin", "所在地", "community or hub where it lies; or give its own coordinates",
              "所在的社区或仓库；也可以直接填写经纬度", example="North Hub", example_zh="北仓"),
        *_coordinates("", ""),
        _text("community", "社区", "community that raised it: what the boundary policies look at",
              "募集这笔捐赠的社区：边界政策以此为准", example="", refers_to="communities.community"),
        _day("available_from", "可用起", "first day it can be picked up", "最早可提货日期",
             example="2026-03-01"),
        _day("available_until", "可用止", "last day it can be picked up", "最晚可提货日期",
             example="2026-03-10"),
        _day("expires_on", "保质期至", "last day of use", "最后可用日期", example="2026-06-30"),
        _whole("quality", "质量", "1..5, 5 is best; empty is 5", "1 到 5，5 最好；不填为 5",
               default=5, least=1, most=5, example="5"),
        _number("lot_size", "批量", "leaves the donor in whole multiples of this", "每次按此数量的整数倍发出",
                unit="item units", above=0, example="1"),
        Column("only_communities", "限定社区", Kind.LIST, "only these communities, separated by ;",
               "只给这些社区，用分号隔开", example="Riverside;Old Town", example_zh="河滨社区;老城社区",
               refers_to="communities.community"),
        Column("only_groups", "限定人群", Kind.LIST, "only these groups, separated by ;",
               "只给这些人群，用分号隔开", example="elderly;children", example_zh="老人;儿童"),
        _whole("max_communities", "最多社区数", "at most this many communities", "最多分给几个社区",
               least=1, example="3"),
        _number("reliability", "可靠度", "probability that it turns up, 0..1; empty is 1",
                "到位的概率，0 到 1；不填为 1", default=1.0, least=0, most=1, example="0.9"),
        _day("created_on", "登记日期", "when the donation became known", "捐赠登记的日期",
             example="2026-02-20"),
    ),
    key=("donation_id",), required=True, aliases=("捐赠表",),
)

COMMUNITIES = Table(
    "communities", "社区", "the places where residents live", "居民所在的社区",
    (
        _text("community", "社区", "unique name of the community", "社区的唯一名称",
              required=True, example="Riverside", example_zh="河滨社区"),
        _text("name", "名称", "name to show", "显示名称",
              example="Riverside Estate", example_zh="河滨社区居委会"),
        _text("district", "区", "district it belongs to", "所属的区", example="North", example_zh="北区",
              aliases=("所属区", "区县")),
        _text("organization", "机构", "organisation that serves it", "负责的社会组织",
              example="Open Hands", example_zh="同心公益", refers_to="organizations.organization"),
        *_coordinates("31.23", "121.47"),
        _number("population", "人口", "residents", "居民人数", unit="persons", least=0, example="5200"),
    ),
    key=("community",), aliases=("社区表",),
)

HUBS = Table(
    "hubs", "仓库", "warehouses that goods may pass through", "物资可以经过的仓库",
    (
        _text("hub", "仓库", "unique name of the hub", "仓库的唯一名称",
              required=True, example="North Hub", example_zh="北仓"),
        _text("organization", "机构", "organisation that runs it", "运营的社会组织",
              example="Open Hands", example_zh="同心公益", refers_to="organizations.organization"),
        *_coordinates("31.28", "121.44"),
        _number("storage_capacity", "存储容量", "kg held at the end of a day; empty is no limit",
                "每天结束时最多存放的公斤数；不填为不限", unit="kg", least=0, example="20000"),
        _number("throughput_capacity", "吞吐容量", "kg in per day; empty is no limit",
                "每天最多入库的公斤数；不填为不限", unit="kg/day", least=0, example="8000"),
        _number("handling_cost", "搬运成本", "in and out together; empty is the rate hub_handling",
                "出入库合计；不填按设置 hub_handling", unit="currency/kg", least=0, example="0.15"),
        _number("storage_cost", "存储成本", "per kg and day; empty is the rate hub_storage",
                "每公斤每天；不填按设置 hub_storage", unit="currency/kg/day", least=0, example="0.01"),
        _flag("cold", "冷藏", "yes: it can take cold items", "是：可以存放冷藏物资"),
    ),
    key=("hub",), aliases=("仓库表",),
)

ORGANIZATIONS = Table(
    "organizations", "机构", "the social organisations", "社会组织",
    (
        _text("organization", "机构", "unique name of the organisation", "机构的唯一名称",
              required=True, example="Open Hands", example_zh="同心公益"),
        _text("name", "名称", "name to show", "显示名称",
              example="Open Hands Network", example_zh="同心公益服务中心"),
    ),
    key=("organization",), aliases=("机构表", "organisations"),
)

AGREEMENTS = Table(
    "agreements", "协议", "which organisation may pass goods on to which", "机构之间可以转交物资的协议",
    (
        _text("from_organization", "转出机构", "organisation that gives", "转出物资的机构",
              required=True, example="Open Hands", example_zh="同心公益",
              refers_to="organizations.organization"),
        _text("to_organization", "转入机构", "organisation that receives", "转入物资的机构",
              required=True, example="City Care", example_zh="关爱之家",
              refers_to="organizations.organization"),
        _number("max_quantity_kg", "最大重量", "kg over the horizon; empty is no limit",
                "整个计划期内的公斤数上限；不填为不限", unit="kg", least=0, example="5000"),
        _number("transfer_cost", "转交成本", "per kg passed on", "每公斤的转交成本",
                unit="currency/kg", default=0.0, least=0, example="0.05"),
    ),
    key=("from_organization", "to_organization"), aliases=("协议表",),
)

ITEMS = Table(
    "items", "物资", "the goods, services and funds", "物资、服务和资金",
    (
        _text("item", "物资", "unique name of the item", "物资的唯一名称",
              required=True, example="rice", example_zh="大米"),
        _text("name", "名称", "name to show", "显示名称", example="Rice, bagged", example_zh="袋装大米"),
        _text("category", "类别", "category", "类别", example="food", example_zh="食品"),
        _text("unit", "单位", "what one unit is", "计量单位", example="kg", example_zh="公斤"),
        Column("kind", "种类", Kind.CHOICE, "goods, service or funds", "物资、服务或资金",
               default="goods", choices=KINDS_OF_ITEM, example="goods", example_zh="物资"),
        _number("weight_kg", "单位重量", "weight of one unit; empty is 1", "每单位的公斤数；不填为 1",
                unit="kg/unit", default=1.0, least=0, example="1"),
        _whole("shelf_life_days", "保质天数", "days it keeps from available_from", "自可用起的保质天数",
               unit="days", least=0, example="180"),
        _flag("cold", "冷藏", "yes: passes only through cold hubs", "是：只能经过冷藏仓库"),
        _number("step", "最小步长", "smallest quantity step; empty is 1", "数量的最小步长；不填为 1",
                unit="item units", default=1.0, above=0, example="1"),
        _number("purchase_price", "采购单价", "price of one unit; makes it buyable with funds",
                "每单位价格；填写后可用资金购买", unit="currency/unit", above=0, example="6.5"),
    ),
    key=("item",), aliases=("物资表",),
)

SUBSTITUTIONS = Table(
    "substitutions", "替代", "which item may stand in for which", "可以互相替代的物资",
    (
        _text("need_item", "需求物资", "item that is asked for", "需要的物资",
              required=True, example="rice", example_zh="大米", refers_to="items.item"),
        _text("donated_item", "捐赠物资", "item that is given instead", "用来替代的物资",
              required=True, example="noodles", example_zh="面条", refers_to="items.item"),
        _number("ratio", "折算比例", "units of the need served by one donated unit; empty is 1",
                "一单位捐赠满足多少单位需求；不填为 1", default=1.0, above=0, example="1"),
        _number("penalty", "替代代价", "per donated unit, for lower acceptance", "每单位捐赠的替代代价",
                unit="currency/unit", default=0.0, least=0, example="0.5"),
    ),
    key=("need_item", "donated_item"), aliases=("替代表",),
)

LANES = Table(
    "lanes", "线路", "known roads between two places; they replace the default distance",
    "两地之间的已知线路；会代替默认距离",
    (
        _text("from_place", "起点", "community, hub or origin", "社区、仓库或捐赠所在地",
              required=True, example="North Hub", example_zh="北仓"),
        _text("to_place", "终点", "community or hub", "社区或仓库",
              required=True, example="Riverside", example_zh="河滨社区"),
        _number("distance_km", "距离公里", "length of the road; empty is the great circle × detour_factor",
                "路程；不填按直线距离乘绕行系数", unit="km", least=0, example="7.5"),
        _number("cost_per_kg", "每公斤运费", "empty is the default rate × distance_km",
                "不填按默认运价乘距离", unit="currency/kg", least=0, example="0.12"),
        _whole("lead_days", "在途天数", "days on the way; empty is 0", "路上的天数；不填为 0",
               unit="days", default=0, least=0, example="1"),
        _number("capacity_kg", "线路容量", "kg over the horizon; empty is no limit",
                "整个计划期内的公斤数上限；不填为不限", unit="kg", least=0, example="30000"),
    ),
    key=("from_place", "to_place"), aliases=("线路表",),
)

AFFINITIES = Table(
    "affinities", "契合", "how well a donation and a need fit", "捐赠与需求的契合程度",
    (
        _text("donation_id", "捐赠编号", "donation, or give the donor", "捐赠编号；也可以填写捐赠方",
              example="D-001", refers_to="donations.donation_id"),
        _text("donor", "捐赠方", "donor, or give the donation_id", "捐赠方；也可以填写捐赠编号",
              refers_to="donations.donor"),
        _text("need_id", "需求编号", "need, or give the group", "需求编号；也可以填写人群",
              example="N-001", refers_to="needs.need_id"),
        _text("group", "人群", "group, or give the need_id", "人群；也可以填写需求编号",
              refers_to="needs.group"),
        _number("score", "契合度", "0..1, 1 fits best", "0 到 1，1 最契合",
                required=True, least=0, most=1, example="0.8"),
    ),
    aliases=("契合表",),
)

COMMITMENTS = Table(
    "commitments", "承诺", "what an earlier plan has led to", "先前计划的执行情况",
    (
        _text("allocation_id", "分配编号", "line of an earlier plan", "先前计划的分配编号"),
        _text("donation_id", "捐赠编号", "donation", "捐赠编号", example="D-001",
              refers_to="donations.donation_id"),
        _text("need_id", "需求编号", "need", "需求编号", example="N-001", refers_to="needs.need_id"),
        _number("quantity", "数量", "donated quantity", "捐赠的数量", unit="item units", above=0,
                most=LARGEST_QUANTITY, example="20"),
        _text("hub", "仓库", "hub it goes through; empty is direct", "经过的仓库，直送则不填",
              refers_to="hubs.hub"),
        _day("pickup_day", "取货日", "day it leaves the donor", "从捐赠方取货的日期", example="2026-03-02"),
        _day("arrival_day", "入库日", "day it reaches the hub", "到达仓库的日期", example="2026-03-02"),
        _day("delivery_day", "送达日", "day it reaches the community", "送达社区的日期",
             example="2026-03-02"),
        Column("status", "状态", Kind.CHOICE,
               "planned, accepted, in_transit, delivered, declined or cancelled",
               "已计划、已接受、运输中、已送达、已拒绝或已取消", required=True, choices=STATUSES,
               example="accepted", example_zh="已接受"),
    ),
    aliases=("承诺表",),
)

EXCLUSIONS = Table(
    "exclusions", "排除", "needs that only the public sector may serve", "只能由公共部门满足的需求",
    (
        _text("item", "物资", "item; empty is any", "物资；不填为任意", example="vaccine", example_zh="疫苗",
              refers_to="items.item"),
        _text("group", "人群", "group; empty is any", "人群；不填为任意"),
        _text("community", "社区", "community; empty is any", "社区；不填为任意",
              refers_to="communities.community"),
    ),
    aliases=("排除表",),
)
# fmt: on

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            NEEDS, DONATIONS, COMMUNITIES, HUBS, ORGANIZATIONS, AGREEMENTS, ITEMS,
            SUBSTITUTIONS, LANES, AFFINITIES, COMMITMENTS, EXCLUSIONS,
        )
    }
)  # fmt: skip


def folded(name: str) -> str:
    """Return `name` as headers are compared: without case, spaces, ``_`` or ``-``."""
    return "".join(c for c in name.strip().casefold() if c not in " _-\u3000\ufeff")


def table_named(name: str) -> Table | None:
    """Return the table that a file or sheet called `name` holds, in either language."""
    wanted = folded(name)
    for table in TABLES.values():
        if wanted in {folded(n) for n in (table.name, table.zh, *table.aliases)}:
            return table
    return None


def column_named(table: Table, header: str) -> Column | None:
    """Return the column of `table` that `header` names, in either language."""
    wanted = folded(header)
    for column in table.columns:
        if wanted in {folded(n) for n in (column.name, column.zh, *column.aliases)}:
            return column
    return None
