"""The phrasebook's words: Chinese and English side by side, and what goes with what.

A table holds one entry per `;` or line; `inflection`, which reads them, says what the columns are.
"""

from __future__ import annotations

from data.phrasebook.inflection import (
    act,
    acts,
    adjectives,
    nouns,
    number_en,
    number_zh,
    numbers,
    ordinal,
    people,
    person,
    places,
    plain,
    with_objects,
    words,
)

# -- people ---------------------------------------------------------------------------------------

ME = person("我", ("I", "me", "my"), "my", "am")
YOU = person("你", ("you", "you", "your"), "your", "are")
HE = person("他", ("he", "him", "his"), "his", "is")
SHE = person("她", ("she", "her", "her"), "her", "is")
WE = person("我们", ("we", "us", "our"), "our", "are")
THEY = person("他们", ("they", "them", "their"), "their", "are")
EVERYONE = person("大家", ("everyone", "everyone", "everyone's"), "their", "is")
WHO = person("谁", ("who", "whom", "whose"), "their", "is")
IT = person("它", ("it", "it", "its"), "its", "is")

NAMES = people("""
小明 his Xiaoming; 小红 her Xiaohong; 王明 his Wang Ming; 李丽 her Li Li; 安娜 her Anna; 汤姆 his Tom
玛丽 her Mary; 大卫 his David; 王先生 his Mr Wang; 张小姐 her Miss Zhang; 李太太 her Mrs Li
""")
PARENTS = "妈妈 her mother; 爸爸 his father; 叔叔 his uncle; 阿姨 her aunt"
ELDERS = "爷爷 his grandfather; 奶奶 her grandmother"
OLDER = "哥哥 his older brother; 姐姐 her older sister"
CHILDREN = "弟弟 his younger brother; 妹妹 her younger sister; 儿子 his son; 女儿 her daughter"
FRIENDS = "朋友 - friend; 同学 - classmate; 同事 - colleague; 邻居 - neighbour; 老师 - teacher; 老板 - boss"
WORKERS = f"{PARENTS};{OLDER};儿子 his son; 女儿 her daughter; 朋友 - friend; 邻居 - neighbour"
CIRCLE = ";".join((PARENTS, ELDERS, OLDER, CHILDREN, FRIENDS))
HIS_FAMILY = "妈妈 her mother; 爸爸 his father; 太太 her wife; 女儿 her daughter; 朋友 - friend"
HER_FAMILY = "妈妈 her mother; 爸爸 his father; 先生 his husband; 儿子 his son; 朋友 - friend"
KIN = nouns(
    "kin",
    """
哥哥 个 older brother; 姐姐 个 older sister; 弟弟 个 younger brother; 妹妹 个 younger sister
儿子 个 son; 女儿 个 daughter; 孩子 个 child; 中国朋友 个 Chinese friend; 好朋友 个 good friend
""",
)
JOBS = nouns(
    "job",
    """
医生 个 doctor; 老师 个 teacher; 学生 个 student; 护士 个 nurse; 司机 个 driver; 警察 个 police officer
律师 个 lawyer; 工程师 个 engineer; 厨师 个 cook; 服务员 个 waiter; 记者 个 journalist; 作家 个 writer
歌手 个 singer; 演员 个 actor; 经理 个 manager; 科学家 个 scientist; 画家 个 painter; 农民 个 farmer
翻译 个 translator; 程序员 个 programmer; 导游 个 tour guide; 飞行员 个 pilot
""",
)
LOOKS = adjectives(
    "",
    """
高 tall; 瘦 thin; 聪明 smart; 友好 friendly; 善良 kind; 健康 healthy; 勇敢 brave; 幽默 funny
强壮 strong; 可爱 cute; 努力 hard-working; 安静 quiet; 细心 careful; 年轻 young
""",
)
MOODS = adjectives("", "高兴 happy; 忙 busy; 累 tired; 难过 sad; 生气 angry; 紧张 nervous; 无聊 bored")
STATES = words("饿 hungry; 渴 thirsty; 困 sleepy; 病 ill; 迟到 late; 结婚 married")
FEELINGS = words("爱 love; 喜欢 like")
BONDS = words("爱 love; 喜欢 like; 想念 miss; 相信 trust; 需要 need; 了解 understand")

# -- things; their kinds decide what is said of them, where they lie and what they cost ---------------

FRUIT = nouns(
    "fruit",
    """
苹果 个 apple; 香蕉 根 banana; 橙子 个 orange; 西瓜 个 watermelon; 梨 个 pear; 桃子 个 peach; 芒果 个 mango
柠檬 个 lemon; 西红柿 个 tomato; 葡萄 串 grapes/bunch; 草莓 盒 strawberries/box
""",
)
DISHES = nouns(
    "dish",
    """
米饭 碗 rice/bowl; 面条 碗 noodles/bowl; 饺子 盘 dumplings/plate; 牛肉 盘 beef/plate
鸡肉 盘 chicken/plate; 豆腐 盘 tofu/plate; 炒饭 盘 fried rice/plate; 烤鸭 份 roast duck/portion
三明治 个 sandwich; 汉堡 个 hamburger; 汤 碗 soup/bowl
""",
)
SNACKS = nouns(
    "snack",
    """
面包 片 bread/slice; 蛋糕 块 cake/piece; 巧克力 块 chocolate/piece; 冰淇淋 份 ice cream/portion
饼干 包 biscuits/packet
""",
)
DRINKS = nouns(
    "drink",
    """
水 杯 water/glass; 茶 杯 tea/cup; 咖啡 杯 coffee/cup; 牛奶 杯 milk/glass; 果汁 杯 juice/glass
啤酒 瓶 beer/bottle; 可乐 瓶 cola/bottle; 绿茶 杯 green tea/cup; 红茶 杯 black tea/cup
豆浆 杯 soy milk/glass; 葡萄酒 瓶 wine/bottle
""",
)
READING = nouns("read", "书 本 book; 杂志 本 magazine; 词典 本 dictionary; 报纸 份 newspaper; 小说 本 novel")
SMALL = nouns(
    "small",
    """
铅笔 支 pencil; 笔 支 pen; 本子 个 notebook; 杯子 个 cup; 盘子 个 plate; 刀 把 knife; 毛巾 条 towel
牙刷 支 toothbrush
""",
)
PAPER = nouns("paper", "票 张 ticket; 地图 张 map; 明信片 张 postcard")
KEPT = nouns("kept", "钥匙 把 key; 照片 张 photo; 信 封 letter; 礼物 件 present")
KIT = nouns(
    "kit",
    """
雨伞 把 umbrella; 书包 个 schoolbag; 箱子 个 suitcase; 手表 块 watch; 钱包 个 wallet; 眼镜 副 glasses/pair
""",
)
DEVICES = nouns("device", "手机 部 mobile phone; 电脑 台 computer; 相机 台 camera; 电视 台 television")
FURNITURE = nouns("furniture", "桌子 张 table; 椅子 把 chair; 床 张 bed; 沙发 张 sofa; 灯 盏 lamp")
VEHICLES = nouns("vehicle", "自行车 辆 bike; 汽车 辆 car")
CLOTHES = nouns(
    "clothes",
    """
衬衫 件 shirt; 大衣 件 coat; 毛衣 件 sweater; 外套 件 jacket; 围巾 条 scarf; 帽子 顶 hat; 裙子 条 skirt
裤子 条 trousers/pair; 鞋 双 shoes/pair; 袜子 双 socks/pair; 手套 双 gloves/pair
""",
)
PETS = nouns("pet", "猫 只 cat; 狗 只 dog; 鸟 只 bird; 兔子 只 rabbit")
ANIMALS = (
    *PETS,
    *nouns("farm", "马 匹 horse; 牛 头 cow; 羊 只 sheep; 鸡 只 chicken"),
    *nouns("wild", "熊猫 只 panda; 猴子 只 monkey; 老虎 只 tiger; 大象 头 elephant"),
)
CARRIED = nouns("", "护照 本 passport; 钥匙 把 key; 手机 部 mobile phone; 钱包 个 wallet; 票 张 ticket")
YEAR, HOUR, TICKET = nouns("", "年 年 year; 小时 个 hour; 票 张 ticket")
_COLOURS = """
红色 red; 白色 white; 黑色 black; 蓝色 blue; 绿色 green; 黄色 yellow; 灰色 grey; 紫色 purple; 棕色 brown
"""
COLOURS = words(_COLOURS, "colour")
_PRICED = "fruit dish snack drink read paper small kit device furniture clothes"
COST = adjectives(_PRICED, "贵 expensive; 便宜 cheap")
PRAISE = (
    *adjectives("fruit dish snack", "好吃 delicious"),
    *adjectives("drink", "好喝 tasty"),
    *adjectives("clothes", "漂亮 beautiful; 舒服 comfortable"),
    *adjectives("read", "有意思 interesting"),
    *adjectives("read small kit device", "有用 useful"),
)
EXCESS = (
    *adjectives("fruit snack drink", "甜 sweet"),
    *adjectives("fruit", "酸 sour"),
    *adjectives("dish", "辣 spicy; 咸 salty"),
    *adjectives("clothes furniture fruit", "大 big; 小 small"),
    *adjectives("device furniture", "重 heavy"),
    *adjectives("clothes kit device", "旧 old"),
)
SPOTS = (
    *words("桌子|上 on the table", "", "read small paper kept kit fruit dish snack drink"),
    *words("冰箱|里 in the fridge; 厨房|里 in the kitchen", "", "fruit dish snack drink"),
    *words("书包|里 in the schoolbag; 盒子|里 in the box", "", "read small paper kept"),
    *words("房间|里 in the room; 客厅|里 in the living room", "", "furniture kit device"),
    *words("椅子|上 on the chair; 床|上 on the bed", "", "clothes read kept kit"),
    *words("衣柜|里 in the wardrobe", "", "clothes"),
)
HABITATS = (
    *words("动物园|里 in the zoo", "", "wild"),
    *words("农场|里 on the farm", "", "farm"),
    *words("公园|里 in the park; 院子|里 in the yard", "", "pet"),
)

# -- places and travel ------------------------------------------------------------------------------

TOWNS = places(
    "city",
    """
北京 in Beijing; 上海 in Shanghai; 广州 in Guangzhou; 深圳 in Shenzhen; 杭州 in Hangzhou; 成都 in Chengdu
南京 in Nanjing; 武汉 in Wuhan; 重庆 in Chongqing; 苏州 in Suzhou; 香港 in Hong Kong
""",
)
CITIES = TOWNS + places(
    "city",
    """
东京 in Tokyo; 巴黎 in Paris; 伦敦 in London; 纽约 in New York; 柏林 in Berlin; 罗马 in Rome; 悉尼 in Sydney
""",
)
COUNTRIES = places(
    "country",
    """
中国 in China; 美国 in America; 英国 in Britain; 法国 in France; 德国 in Germany; 日本 in Japan; 韩国 in Korea
加拿大 in Canada; 意大利 in Italy; 西班牙 in Spain; 俄罗斯 in Russia; 印度 in India; 泰国 in Thailand
""",
)
NATIONS = words("""
中国|人 Chinese; 美国|人 American; 英国|人 British; 法国|人 French; 德国|人 German; 日本|人 Japanese
韩国|人 Korean; 加拿大|人 Canadian; 意大利|人 Italian; 西班牙|人 Spanish; 俄罗斯|人 Russian; 印度|人 Indian
""")
LANGUAGES = words("""
中文 Chinese; 英语 English; 法语 French; 德语 German; 日语 Japanese; 韩语 Korean
西班牙语 Spanish; 俄语 Russian
""")
PLEASANT = places(
    "place",
    """
公园 in the park; 图书馆 at the library; 餐厅 at the restaurant; 咖啡馆 at the cafe; 书店 at the bookshop
博物馆 at the museum; 动物园 at the zoo; 健身房 at the gym; 市场 at the market; 海边 at the seaside
""",
)
BUILDINGS = PLEASANT[:-1] + places(
    "place",
    """
学校 at school; 超市 at the supermarket; 医院 at the hospital; 银行 at the bank; 邮局 at the post office
机场 at the airport; 火车站 at the railway station; 地铁站 at the subway station; 酒店 at the hotel
药店 at the pharmacy; 警察局 at the police station
""",
)
SITES = (*BUILDINGS, PLEASANT[-1], *places("place", "办公室 in the office; 教室 in the classroom"))
HOME = plain("家", {"at": "at home"})
SIDES = words("旁边 next to; 对面 opposite; 后面 behind; 前面 in front of; 附近 near")
RIDES = (
    *words("坐|火车 by train; 坐|飞机 by plane; 坐|高铁 by high-speed train", "", "city"),
    *words("坐|地铁 by subway; 坐|公共汽车 by bus; 坐|出租车 by taxi; 骑|自行车 by bike", "", "place"),
    *words("开车 by car", "", "city place"),
)

# -- what people do -----------------------------------------------------------------------------------

SPORTS = acts(
    """
打|篮球 play basketball; 打|网球 play tennis; 打|羽毛球 play badminton; 打|乒乓球 play table tennis
踢|足球 play football; 弹|钢琴 play the piano; 弹|吉他 play the guitar; 游|泳 swim; 跳|舞 dance; 唱|歌 sing
画|画儿 paint; 做|饭 cook; 骑|自行车 ride a bike; 开|车 drive
""",
    "daily",
)
MEALS = with_objects("吃", "eat", (*FRUIT[:6], *DISHES[:-1], *SNACKS))
SIPS = with_objects("喝", "drink", DRINKS)
LEARNING = with_objects("学", "learn", LANGUAGES)
PASTIMES = acts(
    """
看|书 read; 看|电视 watch television; 听|音乐 listen to music; 听|广播 listen to the radio; 跑|步 run
散|步 take a walk; 做|作业 do homework; 洗|衣服 wash clothes; 打扫|房间 clean the room; 玩|游戏 play games
写|信 write letters; 拍|照 take photos; 买|衣服 buy clothes; 买|水果 buy fruit; 工作 work; 休息 rest
学习 study; 聊|天 chat
""",
    "daily",
)
DOING = (*SPORTS[:11], *MEALS, *SIPS, *LEARNING, *PASTIMES)
ERRANDS = tuple(act(f"去|{place.text}", f"go {place.en:to}") for place in SITES if place not in PLEASANT)
OUTINGS = (
    *(act(f"去|{place.text}", f"go {place.en:to}") for place in PLEASANT),
    *acts("看|电影 go to the cinema; 逛|街 go shopping; 爬|山 go hiking; 野餐 have a picnic"),
)
TRIPS = tuple(act(f"去|{place.text}", f"go {place.en:to}", "trip") for place in (*TOWNS, *COUNTRIES))
DUTIES = (
    *LEARNING,
    *ERRANDS,
    *acts("""
回|家 go home; 睡|觉 go to bed; 工作 work; 休息 rest; 学习 study; 做|作业 do homework
打扫|房间 clean the room; 洗|衣服 wash clothes; 道歉 apologise
"""),
)
TASTED = (*with_objects("吃", "eat", DISHES[5:-1]), *with_objects("喝", "drink", DRINKS[5:]))
SKILLS = SPORTS + with_objects("说", "speak", LANGUAGES)
CHORES = acts("""
吃|早饭 have breakfast; 吃|午饭 have lunch; 吃|晚饭 have dinner; 起|床 get up; 买|票 buy the tickets
做|作业 do the homework; 洗|澡 take a shower; 打扫|房间 clean the room; 写|信 write the letter
看|报纸 read the newspaper; 洗|碗 wash the dishes; 付|钱 pay
""")
ROUTINES = (
    *acts("起床 get up; 吃|早饭 have breakfast", "", "6 7 8"),
    *acts("上班 go to work; 上课 start class", "", "7 8 9"),
    *acts("吃|午饭 have lunch", "", "11 12 1"),
    *acts("下班 finish work; 吃|晚饭 have dinner; 回家 go home", "", "5 6 7"),
    *acts("睡觉 go to bed", "", "9 10 11"),
)
SCENES = acts("""
在图书馆|看书 read at the library; 在图书馆|学习 study at the library; 在公园|跑步 run in the park
在公园|散步 take a walk in the park; 在公园|拍照 take photos in the park; 在咖啡馆|聊天 chat at the cafe
在咖啡馆|喝咖啡 drink coffee at the cafe; 在办公室|工作 work in the office; 在家|做饭 cook at home
在家|看电视 watch television at home; 在家|休息 rest at home; 在家|听音乐 listen to music at home
在学校|学中文 learn Chinese at school; 在学校|打篮球 play basketball at school
在餐厅|吃饺子 eat dumplings at the restaurant; 在海边|拍照 take photos at the seaside
在海边|游泳 swim at the seaside; 在超市|买水果 buy fruit at the supermarket
""")
ASKABLE = acts("""
吃 eat; 喝 drink; 买 buy; 看 watch; 做 do; 学 learn; 听 listen to; 写 write; 玩 play; 画 paint
""")
LASTING = acts("睡 sleep; 工作 work; 等 wait; 走 walk; 学习 study; 跑 run; 聊 chat; 休息 rest")
REQUESTS = words("""
坐下 sit down; 进来 come in; 等|一下 wait a moment; 说|慢|一点 speak more slowly; 再|说|一遍 say it again
开|门 open the door; 关|门 close the door; 开|窗户 open the window; 关|灯 turn off the light; 帮助|我 help me
给|我|打电话 call me; 跟|我|来 come with me; 写下来 write it down; 告诉|我 tell me; 听|我|说 listen to me
""")
PERMITS = words("""
坐|这里 sit here; 进来 come in; 在|这里|拍照 take photos here; 用|你的|手机 use your mobile phone
问|一个|问题 ask a question; 刷|卡 pay by card; 借|这|本|书 borrow this book; 看看|菜单 see the menu
""")
FORBIDDEN = words("""
抽|烟 smoke; 拍|照 take photos; 停|车 park; 说|话 talk; 吃|东西 eat; 唱|歌 sing; 打|电话 make phone calls
睡|觉 sleep; 跑 run
""")
THANKED = words("""
帮助 help; 礼物 present; 邀请 invitation; 建议 advice; 信 letter; 电话 call; 支持 support; 电子邮件 email
""")
HOBBIES = words("音乐 music; 电影 films; 艺术 art; 历史 history; 数学 maths; 体育 sport", "hobby")
SEASONS = words("春天 spring; 夏天 summer; 秋天 autumn; 冬天 winter", "season")
QUALITIES = words("有意思 interesting; 难 difficult; 容易 easy; 重要 important; 有用 useful; 无聊 boring")

# -- time, weather, numbers -------------------------------------------------------------------------------

_WEEKS = f"trip city {_PRICED}"
PAST = (
    *words("昨天 yesterday; 前天 the day before yesterday"),
    *words("昨天|晚上 last night; 今天|早上 this morning", "", f"daily city {_PRICED}"),
    *words("上个|星期 last week; 上个|周末 last weekend; 上个|月 last month", "", _WEEKS),
)
FUTURE = (
    *words("明天 tomorrow; 后天 the day after tomorrow; 这个|周末 this weekend"),
    *words("今天|晚上 tonight; 明天|早上 tomorrow morning", "", "daily city"),
    *words("下个|星期 next week; 下个|月 next month", "", _WEEKS),
)
DAYS = words("""
星期一 Monday; 星期二 Tuesday; 星期三 Wednesday; 星期四 Thursday; 星期五 Friday
星期六 Saturday; 星期天 Sunday
""")
MONTHS = words("""
一月 January; 二月 February; 三月 March; 四月 April; 五月 May; 六月 June; 七月 July; 八月 August
九月 September; 十月 October; 十一月 November; 十二月 December
""")
DATES = tuple(
    plain(f"{number_zh(n).replace('两', '二')}|号", {"": f"the {ordinal(n)}"}) for n in range(1, 29)
)
HABITS = words("""
每天 every day; 每天|早上 every morning; 每天|晚上 every evening; 每个|周末 every weekend
每个|星期天 every Sunday
""")
OFTEN = words("常常 often; 总是 always; 有时候 sometimes; 很少 rarely; 从不 never")
CLOCK = tuple(
    plain(f"{number_zh(hour)}|点{zh}", {"": en.format(number_en(hour))}, str(hour))
    for hour in range(1, 13)
    for zh, en in (("", "{} o'clock"), ("|半", "half past {}"), ("|一刻", "a quarter past {}"))
)
CLIMATE = (
    *adjectives("city winter spring", "冷 cold"),
    *adjectives("city summer", "热 hot; 潮湿 humid"),
    *adjectives("city spring autumn winter", "暖和 warm; 干燥 dry"),
    *adjectives("city spring autumn summer", "凉快 cool"),
)
TIMES_OF_YEAR = tuple(plain(word.text, {"": f"{word.en}"}, f"{word.en}") for word in SEASONS)
FALLING = acts("下|雨 rain; 下|雪 snow")
FEW = numbers(range(1, 5))
COUNT = numbers(range(1, 11))
PRICES = numbers((*range(2, 13), 15, 18, 20, 25, 30))
SUMS = (
    *numbers((50, 60, 80, 100, 200, 300), "kit clothes"),
    *numbers((500, 700, 1000, 2000, 3000), "device furniture"),
)

GREETINGS = words("""
你好 Hello; 谢谢 Thank you; 再见 Goodbye; 早上|好 Good morning; 晚上|好 Good evening; 晚安 Good night
对不起 I'm sorry; 生日|快乐 Happy birthday; 新年|快乐 Happy New Year; 欢迎 Welcome; 别|担心 Don't worry
好久|不|见 Long time no see; 慢慢|来 Take your time; 没|问题 No problem; 祝|你|好运 Good luck
""")
PHRASES = words("""
不|客气 You are welcome; 没关系 It doesn't matter; 不好意思 Sorry; 我|不|知道 I don't know
我|听|不|懂 I don't understand; 太|好|了！ That is great!; 你|好|吗？ How are you?; 我|很|好 I am fine
当然 Of course; 这|是|什么？ What is this?; 那|是|什么？ What is that?; 现在|几|点？ What time is it?
今天|几|号？ What is the date today?; 今天|星期|几？ What day is it today?; 加油！ Come on!
今天|天气|怎么样？ How is the weather today?
""")
