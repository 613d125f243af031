"""What the demo city is made of: places, hubs, items, donors, each in English and in Chinese.

Tables are written as text, one row a line, cells parted by ``|``; `make_demo` reads them
with `rows` and draws donations and needs over them. Everything here is invented.
"""

from __future__ import annotations


def rows(text: str) -> list[list[str]]:
    """Return the stripped cells of the lines of `text`."""
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


# English | Chinese | …; the river runs from west to east between the North Bank and the rest. New Hope
# Village is too new for the map: it has no coordinates, and only the lane from hub H5 leads there.

COMMUNITIES = """
Ferry Landing    | 渡口社区   | North Bank | City Care           | 30.9721 | 117.4718 | 9400
Ironworks        | 铁厂社区   | North Bank | City Care           | 31.0043 | 117.4312 | 21800
Willow Lane      | 柳巷社区   | North Bank | City Care           | 30.9914 | 117.5147 | 6100
Brickyard        | 砖窑社区   | North Bank | Neighbours Together | 31.0412 | 117.4869 | 3700
Stonebridge      | 石桥社区   | North Bank | City Care           | 31.0231 | 117.5663 | 5200
Riverside        | 河滨社区   | Old Town   | Open Hands          | 30.9508 | 117.4893 | 38200
Drum Tower       | 鼓楼社区   | Old Town   | Open Hands          | 30.9437 | 117.5012 | 17500
Temple Street    | 庙街社区   | Old Town   | Open Hands          | 30.9379 | 117.4836 | 12300
South Gate       | 南门社区   | Old Town   | Open Hands          | 30.9268 | 117.4971 | 14900
Silk Mill        | 丝厂社区   | Old Town   | City Care           | 30.9334 | 117.5209 | 8600
Station          | 站前社区   | Old Town   | Open Hands          | 30.9187 | 117.5124 | 11200
Lakeview         | 湖景社区   | East Lake  | Neighbours Together | 30.9463 | 117.5731 | 7300
University       | 大学城社区 | East Lake  | Neighbours Together | 30.9209 | 117.5978 | 26400
Lotus Pond       | 荷塘社区   | East Lake  | Neighbours Together | 30.9021 | 117.5614 | 4800
Garden City      | 花园社区   | East Lake  | Open Hands          | 30.9684 | 117.6068 | 10100
Sandbar          | 沙洲社区   | East Lake  | Neighbours Together | 30.9893 | 117.6412 | 1900
Tea Garden       | 茶园社区   | West Hills | City Care           | 30.8967 | 117.4183 | 5600
Quarry           | 采石社区   | West Hills | City Care           | 30.8682 | 117.3914 | 3100
Pine Ridge       | 松岭社区   | West Hills | Neighbours Together | 30.8479 | 117.4467 | 2400
New Hope Village | 新村社区   | West Hills | City Care           |         |          | 1300
"""

DISTRICTS = {"North Bank": "江北区", "Old Town": "老城区", "East Lake": "东湖区", "West Hills": "西山区"}

ORGANIZATIONS = """
Open Hands          | 同心公益 | Open Hands Association of Lanjiang   | 澜江市同心公益协会
City Care           | 关爱之家 | City Care Foundation                 | 关爱之家基金会
Neighbours Together | 邻里互助 | Neighbours Together Volunteer Centre | 邻里互助志愿服务中心
"""

# From Neighbours Together to Open Hands there is no agreement.
AGREEMENTS = """
Open Hands          | City Care           |       | 0.03
Open Hands          | Neighbours Together | 6000  | 0.05
City Care           | Open Hands          |       | 0.03
City Care           | Neighbours Together |       | 0.04
Neighbours Together | City Care           |       | 0.06
"""

# The codes keep the hubs in the same order in both languages: of two routes that cost the same, the plan
# takes the hub first by name.
HUB_NAMES = {
    "H1 Ironworks Depot": "H1 铁厂仓",
    "H2 Old Town Store": "H2 老城仓",
    "H3 Station Cold": "H3 站前冷库",
    "H4 East Lake Cold": "H4 东湖冷链仓",
    "H5 West Hills Depot": "H5 西山仓",
}

# hub | organisation | latitude | longitude | storage kg | throughput kg a day | handling | storage | cold
HUBS = """
H1 Ironworks Depot  | City Care           | 31.0008 | 117.4426 |       |       | 0.16 | 0.008 | no
H2 Old Town Store   | Open Hands          | 30.9352 | 117.4925 |       |       | 0.22 | 0.015 | no
H3 Station Cold     | Open Hands          | 30.9149 | 117.5183 | 600   | 300   | 0.30 | 0.030 | yes
H4 East Lake Cold   | Neighbours Together | 30.9372 | 117.5846 |       |       |      | 0.025 | yes
H5 West Hills Depot | City Care           | 30.8894 | 117.4291 |       |       | 0.14 |       | no
"""

# from | to | km | cost per kg | lead days | capacity kg. In turn: over the river by the bridges, which is
# longer than the crow flies; the ferry to Sandbar; overnight trucks of the hubs to other districts; the
# mountain road to New Hope Village.
LANES = """
H2 Old Town Store   | Ferry Landing    | 9.8  |      |   |
H2 Old Town Store   | Willow Lane      | 11.4 |      |   |
H3 Station Cold     | Ferry Landing    | 12.6 |      |   |
Riverside           | Ferry Landing    | 7.9  |      |   |
Riverside           | H1 Ironworks Depot | 12.1 |    |   |
Drum Tower          | Willow Lane      | 10.3 |      |   |
H4 East Lake Cold   | Sandbar          | 9.2  | 0.19 | 1 |
Garden City         | Sandbar          | 5.1  | 0.16 | 1 |
University          | Sandbar          | 11.0 | 0.24 | 1 |
H1 Ironworks Depot  | Lakeview         |      | 0.06 | 1 |
H1 Ironworks Depot  | University       |      | 0.07 | 1 | 900
H1 Ironworks Depot  | Garden City      |      | 0.06 | 1 |
H1 Ironworks Depot  | Riverside        |      | 0.05 | 1 |
H2 Old Town Store   | Quarry           |      | 0.07 | 1 |
H2 Old Town Store   | Pine Ridge       |      | 0.08 | 1 |
H2 Old Town Store   | Stonebridge      |      | 0.07 | 1 |
H3 Station Cold     | Ironworks        |      | 0.09 | 1 |
H3 Station Cold     | Brickyard        |      | 0.10 | 1 |
H3 Station Cold     | Tea Garden       |      | 0.09 | 1 |
H3 Station Cold     | Quarry           |      | 0.11 | 2 |
H4 East Lake Cold   | Stonebridge      |      | 0.08 | 1 |
H4 East Lake Cold   | Riverside        |      | 0.07 | 1 |
H5 West Hills Depot | Riverside        |      | 0.06 | 1 |
H5 West Hills Depot | South Gate       |      | 0.06 | 1 |
H5 West Hills Depot | University       |      | 0.09 | 2 |
H5 West Hills Depot | New Hope Village | 23.5 | 0.28 | 2 | 120
"""

GROUPS = {
    "elderly": "老人",
    "children": "儿童",
    "disabled": "残障人士",
    "low income": "低收入家庭",
    "new parents": "新生儿家庭",
    "chronically ill": "慢性病患者",
    "migrant workers": "外来务工者",
}

CATEGORIES = {
    "staple food": "主食",
    "cold food": "冷藏食品",
    "hygiene": "卫生用品",
    "baby care": "母婴用品",
    "medical supplies": "医疗用品",
    "clothing": "衣物",
    "school": "学习用品",
    "assistive devices": "辅助器具",
    "furniture and appliances": "家具家电",
    "services": "服务",
    "money": "资金",
}

UNITS = {
    "kg": "公斤",
    "bottle": "瓶",
    "can": "罐",
    "litre": "升",
    "cup": "杯",
    "egg": "枚",
    "box": "箱",
    "bar": "块",
    "pack": "包",
    "tin": "听",
    "piece": "件",
    "dose": "剂",
    "pair": "双",
    "set": "套",
    "hour": "小时",
    "lesson": "课时",
    "session": "次",
    "sack": "袋",
    "CNY": "元",
}

# item | Chinese | category | unit | weight in kg | shelf life in days | cold | step | price in CNY
ITEMS = """
rice                   | 大米       | staple food              | kg      | 1    | 270 | no  | 1   |
wheat flour            | 面粉       | staple food              | kg      | 1    | 180 | no  | 1   |
noodles                | 挂面       | staple food              | kg      | 1    | 240 | no  | 1   |
cooking oil            | 食用油     | staple food              | litre   | 0.92 | 365 | no  | 0.5 |
canned vegetables      | 蔬菜罐头   | staple food              | can     | 0.5  | 540 | no  |     |
long-life milk         | 常温奶     | staple food              | litre   | 1.05 | 120 | no  |     |
fresh milk             | 鲜牛奶     | cold food                | litre   | 1.03 | 10  | yes |     |
yoghurt                | 酸奶       | cold food                | cup     | 0.2  | 18  | yes |     |
chilled chicken        | 冷鲜鸡肉   | cold food                | kg      | 1    | 8   | yes | 1   | 25
eggs                   | 鸡蛋       | cold food                | egg     | 0.06 | 24  | yes | 10  |
vegetable box          | 蔬菜箱     | cold food                | box     | 4    | 7   | yes |     |
soap                   | 香皂       | hygiene                  | bar     | 0.12 |     | no  |     |
laundry detergent      | 洗衣液     | hygiene                  | bottle  | 2.1  |     | no  |     |
sanitary pads          | 卫生巾     | hygiene                  | pack    | 0.2  |     | no  |     |
toilet paper           | 卫生纸     | hygiene                  | pack    | 1.2  |     | no  |     |
infant formula         | 婴儿奶粉   | baby care                | tin     | 0.9  | 365 | no  |     | 100
nappies                | 纸尿裤     | baby care                | pack    | 2.4  |     | no  |     | 50
baby wipes             | 婴儿湿巾   | baby care                | pack    | 0.4  | 700 | no  |     |
pushchair              | 婴儿车     | baby care                | piece   | 9    |     | no  |     |
surgical masks         | 医用口罩   | medical supplies         | box     | 0.2  | 700 | no  |     |
blood pressure monitor | 血压计     | medical supplies         | piece   | 0.6  |     | no  |     |
flu vaccine            | 流感疫苗   | medical supplies         | dose    | 0.02 | 120 | yes |     |
incontinence pads      | 成人护理垫 | medical supplies         | pack    | 1.5  |     | no  |     |
winter coat            | 冬衣       | clothing                 | piece   | 1.3  |     | no  |     |
children's shoes       | 童鞋       | clothing                 | pair    | 0.5  |     | no  |     |
blanket                | 毛毯       | clothing                 | piece   | 1.8  |     | no  |     |
school backpack        | 书包       | school                   | piece   | 0.8  |     | no  |     |
exercise books         | 练习本     | school                   | pack    | 1    |     | no  |     |
wheelchair             | 轮椅       | assistive devices        | piece   | 15   |     | no  |     |
walking frame          | 助行器     | assistive devices        | piece   | 2.6  |     | no  |     |
hearing aid            | 助听器     | assistive devices        | piece   | 0.1  |     | no  |     | 800
desk                   | 书桌       | furniture and appliances | piece   | 22   |     | no  |     |
heater                 | 电暖器     | furniture and appliances | piece   | 5    |     | no  |     |
refrigerator           | 冰箱       | furniture and appliances | piece   | 48   |     | no  |     |
office chair           | 办公椅     | furniture and appliances | piece   | 11   |     | no  |     |
volunteer hours        | 志愿服务   | services                 | hour    | 0    |     | no  |     |
tutoring               | 课业辅导   | services                 | lesson  | 0    |     | no  |     |
health check-up        | 健康体检   | services                 | session | 0    |     | no  |     |
haircut                | 理发       | services                 | session | 0    |     | no  |     |
legal advice           | 法律咨询   | services                 | hour    | 0    |     | no  |     |
rice sack              | 大米10公斤装 | staple food            | sack    | 10   | 270 | no  |     |
milk powder            | 奶粉       | staple food              | tin     | 0.9  | 365 | no  |     |
formula refill         | 婴儿奶粉补充装 | baby care            | pack    | 0.45 | 365 | no  |     |
nursing hours          | 护理服务   | services                 | hour    | 0    |     | no  |     |
teaching hours         | 教学服务   | services                 | hour    | 0    |     | no  |     |
donated money          | 善款       | money                    | CNY     | 0    |     | no  | 50  |
"""

# item | worth of one unit | needs | resident asks from | to | donations | offered ÷ asked | groups; of what
# nobody asks for by that name, the quantity offered stands instead of the ratio
DEMAND = """
rice                   | 12  | 100 | 5  | 25 | 8  | 0.55 | low income, elderly, migrant workers
wheat flour            | 10  | 49  | 5  | 15 | 5  | 0.85 | low income, elderly
noodles                | 11  | 44  | 2  | 8  | 5  | 1.35 | low income, migrant workers
cooking oil            | 14  | 60  | 2.5 | 10 | 7 | 0.60 | low income, elderly
canned vegetables      | 8   | 30  | 4  | 12 | 3  | 1.15 | low income, migrant workers
long-life milk         | 14  | 35  | 4  | 12 | 4  | 0.85 | children, elderly, new parents
fresh milk             | 16  | 54  | 2  | 8  | 6  | 0.85 | children, elderly, new parents
yoghurt                | 6   | 30  | 4  | 12 | 5  | 0.95 | children, elderly
chilled chicken        | 26  | 35  | 1  | 3  | 5  | 0.65 | low income, children
eggs                   | 2   | 42  | 10 | 30 | 6  | 0.72 | children, elderly, low income
vegetable box          | 35  | 40  | 1  | 2  | 7  | 0.80 | elderly, low income
soap                   | 5   | 30  | 3  | 8  | 3  | 1.25 | low income, migrant workers
laundry detergent      | 28  | 35  | 1  | 2  | 4  | 0.70 | low income, elderly, migrant workers
sanitary pads          | 12  | 30  | 2  | 6  | 3  | 0.80 | low income, migrant workers
toilet paper           | 15  | 34  | 1  | 4  | 4  | 1.10 | low income, elderly
infant formula         | 160 | 40  | 2  | 6  | 4  | 0.65 | new parents
nappies                | 80  | 45  | 1  | 4  | 4  | 0.75 | new parents
baby wipes             | 10  | 20  | 2  | 6  | 2  | 1.20 | new parents
pushchair              | 40  | 12  | 1  | 1  | 2  | 0.70 | new parents
surgical masks         | 25  | 30  | 1  | 3  | 4  | 1.15 | chronically ill, elderly
blood pressure monitor | 150 | 22  | 1  | 1  | 3  | 0.75 | chronically ill, elderly
flu vaccine            | 90  | 14  | 1  | 3  | 0  | 0    | elderly, chronically ill, children
incontinence pads      | 45  | 30  | 1  | 4  | 3  | 0.65 | elderly, disabled
winter coat            | 60  | 35  | 1  | 3  | 5  | 0.60 | low income, migrant workers, elderly
children's shoes       | 40  | 25  | 1  | 3  | 3  | 0.85 | children
blanket                | 45  | 35  | 1  | 3  | 4  | 1.25 | elderly, low income
school backpack        | 50  | 24  | 1  | 2  | 3  | 0.90 | children
exercise books         | 12  | 26  | 1  | 4  | 3  | 1.30 | children
wheelchair             | 400 | 16  | 1  | 1  | 4  | 0.65 | disabled, elderly
walking frame          | 120 | 16  | 1  | 1  | 2  | 0.80 | elderly, disabled
hearing aid            | 900 | 10  | 1  | 2  | 0  | 0    | elderly, disabled
desk                   | 14  | 14  | 1  | 1  | 2  | 1.20 | children, low income
heater                 | 60  | 20  | 1  | 1  | 3  | 0.75 | elderly, low income
refrigerator           | 45  | 10  | 1  | 1  | 2  | 0.90 | low income, migrant workers
office chair           | 20  | 0   | 1  | 1  | 1  | 35   |
volunteer hours        | 30  | 28  | 2  | 8  | 3  | 0.90 | elderly, disabled
tutoring               | 60  | 26  | 4  | 10 | 1  | 0.40 | children
health check-up        | 80  | 20  | 1  | 2  | 2  | 0.85 | elderly, chronically ill, migrant workers
haircut                | 25  | 20  | 1  | 2  | 2  | 1.10 | elderly, disabled
legal advice           | 200 | 14  | 1  | 3  | 1  | 0.80 | migrant workers, low income, children
rice sack              | 120 | 0   | 1  | 1  | 2  | 40   |
milk powder            | 100 | 0   | 1  | 1  | 2  | 30   |
formula refill         | 80  | 0   | 1  | 1  | 1  | 60   |
nursing hours          | 50  | 0   | 1  | 1  | 2  | 40   |
teaching hours         | 80  | 0   | 1  | 1  | 2  | 60   |
donated money          | 1   | 0   | 1  | 1  | 3  | 16000 |
"""

# asked for | given instead | units served by one donated | penalty a donated unit
SUBSTITUTIONS = """
rice            | noodles           |     | 1.5
rice            | wheat flour       |     | 2
rice            | rice sack         | 10  |
wheat flour     | noodles           |     | 1
fresh milk      | long-life milk    |     | 0.8
long-life milk  | milk powder       | 7   | 2
infant formula  | formula refill    | 0.5 |
winter coat     | blanket           |     | 6
vegetable box   | canned vegetables |     | 9
volunteer hours | nursing hours     |     |
tutoring        | teaching hours    | 1.5 |
tutoring        | volunteer hours   |     | 12
"""

# Only the public sector may serve these: item | group | community.
EXCLUSIONS = """
flu vaccine     | children |
legal advice    | children |
health check-up |          | Stonebridge
"""

# donor | Chinese | what it gives
DONORS = """
Golden Ear Grain           | 金穗粮油       | rice, wheat flour, cooking oil, rice sack
Harvest Moon Mills         | 秋月面业       | wheat flour, noodles
Blue Bridge Wholesale      | 蓝桥批发市场   | rice, canned vegetables, soap, laundry detergent, rice sack
Lanjiang Supermarkets      | 澜江超市       | cooking oil, long-life milk, eggs, yoghurt, toilet paper
Red Lantern Canteens       | 红灯笼餐饮     | chilled chicken, vegetable box, noodles
Jade River Dairy           | 玉河乳业       | fresh milk, yoghurt, long-life milk, milk powder
Morning Dew Farms          | 晨露农业合作社 | vegetable box, eggs, fresh milk
Three Ponds Poultry        | 三塘禽业       | chilled chicken, eggs
Snow Goose Cold Chain      | 雪雁冷链       | chilled chicken, vegetable box, fresh milk
Sunny Orchard Canning      | 晴园罐头       | canned vegetables
Clear Spring Household     | 清泉日化       | soap, laundry detergent
White Gull Paper           | 白鸥纸业       | toilet paper, sanitary pads, incontinence pads
Little Bamboo Baby Goods   | 小竹母婴       | nappies, baby wipes, pushchair
Warm Cradle                | 暖摇篮母婴     | infant formula, nappies, pushchair, formula refill
Whitestone Pharmacies      | 白石大药房     | surgical masks, infant formula, incontinence pads
Evergreen Medical Supplies | 常青医疗器械 | surgical masks, blood pressure monitor, wheelchair, walking frame
Crane Health Centres       | 仙鹤健康管理   | health check-up, blood pressure monitor, nursing hours
Lanjiang Textile           | 澜江纺织       | blanket, winter coat
North Wind Garments        | 北风服饰       | winter coat
Thousand Steps Shoes       | 千步鞋业       | children's shoes
Inkstone Stationers        | 砚台文具       | school backpack, exercise books
Bright Window Books        | 明窗书店       | exercise books
Steady Step Rehabilitation | 稳步康复器材   | wheelchair, walking frame, nursing hours
Oak and Pine Furniture     | 橡松家居       | desk
Cloud Peak Appliances      | 云峰电器       | heater, refrigerator
Harbour Office Furniture   | 港湾办公家具   | office chair, desk
Lanjiang Bank              | 澜江银行       | volunteer hours, school backpack, winter coat, donated money
River Port Logistics       | 江港物流       | rice, cooking oil, volunteer hours
South Star Telecom         | 南星通信       | volunteer hours, blanket
Bright Path Education      | 明径教育       | tutoring, teaching hours
Silver Scissors Salons     | 银剪美发       | haircut
Straight Road Law Firm     | 正途律师事务所 | legal advice
Lanjiang Community Chest   | 澜江慈善会     | donated money
"""

WORDS = {
    "yes": "是",
    "no": "否",
    "goods": "物资",
    "service": "服务",
    "funds": "资金",
    "resident": "居民",
    "public_sector": "公共部门",
    "enterprise": "企业",
}

HEADERS = {
    "need_id": "需求编号",
    "community": "社区",
    "item": "物资",
    "quantity": "数量",
    "priority": "优先级",
    "group": "人群",
    "needed_from": "最早送达",
    "needed_by": "最晚送达",
    "min_quality": "最低质量",
    "min_remaining_days": "最短剩余保质天数",
    "channel": "渠道",
    "single_source": "单一来源",
    "all_or_nothing": "全部或不给",
    "unmet_cost": "未满足代价",
    "created_on": "登记日期",
    "donation_id": "捐赠编号",
    "donor": "捐赠方",
    "origin": "所在地",
    "latitude": "纬度",
    "longitude": "经度",
    "available_from": "可用起",
    "available_until": "可用止",
    "expires_on": "保质期至",
    "quality": "质量",
    "lot_size": "批量",
    "only_communities": "限定社区",
    "only_groups": "限定人群",
    "max_communities": "最多社区数",
    "reliability": "可靠度",
    "name": "名称",
    "district": "区",
    "organization": "机构",
    "population": "人口",
    "hub": "仓库",
    "storage_capacity": "存储容量",
    "throughput_capacity": "吞吐容量",
    "handling_cost": "搬运成本",
    "storage_cost": "存储成本",
    "cold": "冷藏",
    "from_organization": "转出机构",
    "to_organization": "转入机构",
    "max_quantity_kg": "最大重量",
    "transfer_cost": "转交成本",
    "category": "类别",
    "unit": "单位",
    "kind": "种类",
    "weight_kg": "单位重量",
    "shelf_life_days": "保质天数",
    "step": "最小步长",
    "purchase_price": "采购单价",
    "need_item": "需求物资",
    "donated_item": "捐赠物资",
    "ratio": "折算比例",
    "penalty": "替代代价",
    "from_place": "起点",
    "to_place": "终点",
    "distance_km": "距离公里",
    "cost_per_kg": "每公斤运费",
    "lead_days": "在途天数",
    "capacity_kg": "线路容量",
    "score": "匹配度",
}

SETTINGS_EN = """\
# Settings of the demo city. What is left out here has its default.

[horizon]
start = 2026-03-01    # first planning day
end = 2026-03-28      # last planning day

[rates]
currency = "CNY"
transport_per_kg_km = 0.02    # where a lane gives no cost of its own
handling_direct = 0.20        # per kg carried from the donor to the community's door
hub_handling = 0.20           # per kg, hubs without their own: in and out together
hub_storage = 0.010           # per kg and day, hubs without their own
detour_factor = 1.35          # roads are longer than the crow flies
# What it takes to find out about a need, per unit asked for: volunteers call on residents at home,
# offices and firms send a list.
identification = { resident = 0.30, public_sector = 0.05, enterprise = 0.10 }
unmet_cost = 50.0             # per unit not served, needs without their own

[policy]
objective = "coverage-first"  # urgent needs first, whatever it costs; or "total-cost"
boundary = "agreements"       # what a community raised goes where its organisation has an agreement
reliability = "expected"      # of 100 units that come with 80 %, 80 are planned
fairness = "floor"            # before all else, lift the community and category that is worst off
budget = 12000                # what logistics may cost, purchases aside
affinity_weight = 4.0         # CNY for an hour by a volunteer who does not fit the resident at all
"""

SETTINGS_ZH = """\
# 演示城市的设置。此处未写的项目使用默认值。

[horizon]
start = 2026-03-01    # 计划期第一天
end = 2026-03-28      # 计划期最后一天

[rates]
currency = "CNY"
transport_per_kg_km = 0.02    # 线路没有单独运费时使用
handling_direct = 0.20        # 每公斤，从捐赠方直接送到社区
hub_handling = 0.20           # 每公斤，出入库合计，用于没有单独填写的仓库
hub_storage = 0.010           # 每公斤每天，用于没有单独填写的仓库
detour_factor = 1.35          # 道路比直线距离长
# 了解一项需求所花的成本，按需求数量计：居民由志愿者上门了解，公共部门和企业直接提交清单。
identification = { resident = 0.30, public_sector = 0.05, enterprise = 0.10 }
unmet_cost = 50.0             # 每单位未满足的代价，用于没有单独填写的需求

[policy]
objective = "coverage-first"  # 先满足紧急需求，不论成本；也可以写 "total-cost"
boundary = "agreements"       # 社区募集的捐赠只能转交给有协议的机构
reliability = "expected"      # 到位概率 80% 的 100 件按 80 件计划
fairness = "floor"            # 首先使满足率最低的社区和类别尽量高
budget = 12000                # 物流费用上限，不含采购
affinity_weight = 4.0         # 志愿者与居民完全不契合时每小时的代价
"""
