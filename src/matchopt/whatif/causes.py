"""Who is responsible for what was not delivered, read out of a cause as people write it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

DONOR, RESIDENTS, TRANSPORT, ORGANIZATION = "donor", "residents", "transport", "organization"
NOBODY = "nobody"
"""Not told, or not yet."""
PARTIES = (DONOR, RESIDENTS, TRANSPORT, ORGANIZATION, NOBODY)

_WHO: Mapping[str, tuple[str, str]] = {
    DONOR: (
        "donor, supplier, sponsor, enterprise, company, firm, factory, manufacturer, producer, shop, "
        "supermarket, retailer, vendor, farmer",
        "捐赠方 捐赠人 捐赠者 捐赠单位 捐助方 捐助人 捐助者 捐方 供应商 供货商 供货方 供应方 供方 企业 "
        "厂家 厂方 厂商 公司 商家 商户 工厂 车间 超市",
    ),
    RESIDENTS: (
        "resident, recipient, beneficiary, beneficiaries, household, family, families, client, tenant, "
        "patient, consignee, neighbour, neighbor, elderly",
        "居民 市民 村民 群众 受助人 受助者 受助方 受益人 受赠人 受赠方 住户 用户 业主 家属 家庭 家长 老人 "
        "本人 收货人 收件人 领取人 需求方 服务对象",
    ),
    TRANSPORT: (
        "transport, transportation, transporter, transit, transport company, courier, courier company, "
        "carrier, driver, van, truck, lorry, lorries, vehicle, trailer, logistics, logistics company, "
        "haulier, hauler, shipping company, company van, company truck",
        "运输 物流 物流公司 运输公司 运输企业 快递公司 快递 承运 运力 司机 驾驶员 车队 车辆 货车 卡车 "
        "面包车 冷藏车 配送车 配送员 骑手",
    ),
    ORGANIZATION: (
        "organisation, organization, charity, charities, ngo, warehouse, hub, depot, storage, storeroom, "
        "food bank, foodbank, volunteer, staff, office, coordinator, dispatcher, our side, cold store, "
        "cold room",
        "社会组织 组织方 组织原因 组织问题 机构 仓库 库房 仓储 中转站 转运点 志愿者 义工 社工 工作人员 "
        "调度 分拣 我方 我们 本组织 冷库",
    ),
}
"""Words that name somebody, in English and Chinese."""

_WHAT: Mapping[str, tuple[str, str]] = {
    DONOR: (
        "no show, noshow, did not turn up, didn t turn up, short, shorted, shortage, shortfall, "
        "not in stock, supplied less, sent less, delivered less, less than promised, fewer than promised, "
        "under delivered, under delivery, out of stock, no stock, sold out, not supplied, not provided, "
        "not donated, not given, not handed over, never handed over, withdrawn, withdrew, broke its word, "
        "broke the promise, donation cancelled, donation canceled, offer cancelled, offer canceled, "
        "production stopped, recalled, recall, poor quality, bad quality, defective, did not show, "
        "didn t show, partial delivery, incomplete delivery, undersupplied, under supplied, "
        "never provided, never supplied, discontinued",
        "爽约 失约 违约 毁约 未提供 没提供 没有提供 不提供 未供货 没供货 未兑现 少供 少给 少交 少送 短交 "
        "短送 短装 短少 短缺 短货 数量不足 数量不够 送货不足 交付不足 供货不足 供应不足 货源不足 备货不足 "
        "缺货 断货 无货 没货 撤回捐赠 取消捐赠 捐赠取消 捐赠撤回 停产 召回 质量不合格 质量差 残次 "
        "缺斤少两 缺斤短两",
    ),
    RESIDENTS: (
        "refused, refuse, refusal, rejected, reject, declined, turned down, turned away, not want, "
        "t want, not wanted, t wanted, unwanted, no longer wanted, not need, t need, not needed, "
        "t needed, no longer needed, not required, no longer required, no need, need is gone, "
        "need cancelled, need canceled, request cancelled, request canceled, request withdrawn, "
        "would not take, wouldn t take, not accept, t accept, not accepted, already has, already had, "
        "already have, already served, already helped, has enough, had enough, have enough, not at home, "
        "nobody home, nobody at home, no one home, no one at home, moved away, moved out, moved house, "
        "died, dead, deceased, passed away, in hospital, hospitalised, hospitalized, wrong size, "
        "does not fit, did not fit, not to taste, did not like, allergic, allergy, no answer, "
        "nobody answered, no one answered, no longer want, already got, already bought, need met, "
        "need fulfilled, need covered",
        "拒收 拒绝 拒领 拒签 不接受 不接收 不收 不要 不想要 不需要 不再需要 无需 不用了 需求取消 "
        "需求已取消 需求消失 取消需求 放弃 不在家 没人在家 家中无人 家里没人 无人在家 无人签收 无人接收 "
        "无人领取 未领取 没来领 搬走 搬家 搬离 已搬 去世 过世 病故 住院 不合口味 口味不合 不喜欢 不合身 "
        "尺码不合 过敏 吃不惯 无人应门 敲门无人 自行购买 自己买 自行解决 不合适",
    ),
    TRANSPORT: (
        "road, traffic, breakdown, broke down, broken down, puncture, flat tyre, flat tire, crash, "
        "crashed, snow, snowed in, snowstorm, storm, flood, flooded, flooding, weather, fog, icy, "
        "black ice, typhoon, landslide, refused entry, refused access, entry refused, access refused, "
        "entry denied, access denied, no access, on the way, en route, bridge, fuel, fuel shortage, rain, "
        "ferry",
        "道路 公路 封路 堵路 修路 断路 路况 路断 路不通 路封 拒绝进入 拒绝入内 禁止通行 不让进 进不去 "
        "桥断 堵车 塞车 交通 塌方 滑坡 限行 限号 抛锚 爆胎 车祸 没车 无车 缺车 车坏 车出故障 途中 路上 "
        "没油 暴雨 大雨 大雪 暴雪 雨雪 冰雪 积雪 结冰 台风 洪水 洪涝 大雾 大风 天气 高速 封桥",
    ),
    ORGANIZATION: (
        "no room, no space, understaffed, short staffed, short handed, not loaded, not dispatched, "
        "not packed, forgot, forgotten, misplaced, mislaid, mixed up, mix up, miscounted, double booked, "
        "overbooked, our mistake, our error, system crash, system down, computer down, clerical error, "
        "planning error, planning mistake, scheduling error, freezer full, fridge full, freezer broken, "
        "fridge broken, data entry, mis sorted, missorted, picked the wrong, our list, our records",
        "爆仓 库满 满仓 人手不足 人手不够 缺人手 没人手 人员不足 漏发 漏送 漏装 漏登 忘记 忘发 忘送 忘了 "
        "错发 发错 送错 登记错误 录入错误 排班 安排失误 未安排 没安排 放不下 存不下 没人搬",
    ),
}
"""Words that tell what happened, which counts where nobody is named."""

_SIMPLIFIED = str.maketrans(
    "貨車輛倉庫運輸絕贈應單廠業戶屬長領對組織機構義員調揀們違約毀數夠質斷無產殘簽棄過壞滿沒願誌駕駛隊騎儲轉點颱風況橋結積澇霧氣錯錄誤發裝記離禍拋錨慣歡碼兌現會裡麵進讓給務號備",
    "货车辆仓库运输绝赠应单厂业户属长领对组织机构义员调拣们违约毁数够质断无产残签弃过坏满没愿志驾驶队骑储转点台风况桥结积涝雾气错录误发装记离祸抛锚惯欢码兑现会里面进让给务号备",
)
"""Traditional characters of these words, and simplified ones."""


def responsible(cause: str) -> str:
    """Return who is responsible by a cause: one of `PARTIES`, `NOBODY` where its words do not tell.

    Who is named counts before what happened, who stands before a colon before all else. Parts between
    commas or semicolons are read apart.

    Examples
    --------
    >>> [responsible(cause) for cause in ("no-show", "driver no-show", "居民拒收", "spoilt")]
    ['donor', 'transport', 'residents', 'nobody']
    >>> responsible("transport: spoilt"), responsible("refused, van broke down")
    ('transport', 'nobody')
    """
    plain = unicodedata.normalize("NFKC", cause).casefold().translate(_SIMPLIFIED)
    head, colon, _ = plain.partition(":")
    named = _parties(head, who=True) if colon else set[str]()
    found = named or set().union(*(_told_by(part) for part in re.split("[;,、/。]", plain)))
    return found.pop() if len(found) == 1 else NOBODY


def _told_by(part: str) -> set[str]:
    return _parties(part, who=True) or _parties(part, who=False)


def _parties(text: str, *, who: bool) -> set[str]:
    """Return who is responsible by the words of a text that name somebody, or tell what happened."""
    pattern, meaning = _words(who)
    return {meaning[word] for word in pattern.findall(re.sub(r"[\W_]+", " ", text))}


@cache
def _words(who: bool) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return a pattern that finds the words of a table, long ones first, and who is responsible by each."""
    meaning = dict[str, str]()
    for party, (english, chinese) in (_WHO if who else _WHAT).items():
        for word in english.split(", "):
            meaning |= {word: party, f"{word}s": party}
        meaning |= dict.fromkeys(chinese.split(), party)
    longest = sorted(meaning, key=len, reverse=True)
    latin, other = ([re.escape(w) for w in longest if w.isascii() is ascii] for ascii in (True, False))
    return re.compile(rf"(?<![a-z])(?:{'|'.join(latin)})(?![a-z])|{'|'.join(other)}"), meaning
