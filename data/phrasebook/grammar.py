"""The built-in Chinese-English parallel corpus, written by a grammar: pairs of templates and typed slots.

A template pair such as `{who}想{act}` and `{who} {who:want} to {act}` yields a sentence for each choice
of fillers; `inflection` gives them their forms (`{who:want}` agrees, `{act:past}` is the past). The name of
a slot says what may fill it, a digit after it tells two slots of a type apart.

Held out for validation and test are whole combinations of content words, in all their patterns: with
我 + 爱 + 北京 in the test part, neither 我爱北京 nor 我不爱北京 is in the training part.
Statements end in a full stop or in nothing, on both sides alike: the mark is carried over.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from string import Formatter
from zlib import crc32

from data.phrasebook import lexicon as lx
from data.phrasebook.inflection import Word, numbers, relatives
from mt.data.formats.pairs import Split

DEFAULT_SEED = 1
"""The published corpus is the one of this seed."""

QUOTA = 185
"""Sentences of one pattern at most."""

HELD_OUT = 1000
"""Pairs in validation, and in test (a few more, as combinations are whole)."""

ENOUGH = 8
"""A word or pattern of validation or test has at least so many sentences in train."""

_DEMO_WORDS = {
    "我爱北京": ("我", "爱", "北京"),
    "你想喝咖啡吗？": ("你", "喝咖啡"),
    "这件毛衣多少钱？": ("毛衣",),
    "请给我两杯茶": ("两", "茶"),
    "我妈妈昨天买了三本书。": ("我妈妈", "昨天", "三", "书"),
    "我哥哥比他高": ("我哥哥", "他", "高"),
    "小红会游泳": ("小红", "游泳"),
    "上海明天会下雨": ("上海", "明天", "下雨"),
}
"""Sentences for showing a model, with the fillers of their slots: always in the test part."""

DEMO: tuple[str, ...] = tuple(_DEMO_WORDS)
"""Chinese sentences that no training part contains; the first is the project's emblem."""

_MY = relatives(lx.ME, lx.CIRCLE)
_YOUR = relatives(lx.YOU, lx.CIRCLE)
_HIS = (*relatives(lx.HE, lx.HIS_FAMILY), *relatives(lx.SHE, lx.HER_FAMILY))
_ONE = (lx.ME, lx.HE, lx.SHE, *lx.NAMES, *_MY, *_HIS)
_ASKED = (lx.YOU, lx.HE, lx.SHE, *lx.NAMES, *_YOUR, *_HIS)
_SPEAKERS = (lx.ME, lx.HE, lx.SHE)
_PEERS = (lx.HE, lx.SHE, *lx.NAMES[:8])
_FOODS = (*lx.FRUIT, *lx.DISHES, *lx.SNACKS)
_GOODS = (*_FOODS, *lx.DRINKS, *lx.READING, *lx.SMALL, *lx.KIT, *lx.CLOTHES, *lx.DEVICES)
_OWNED = (*lx.READING, *lx.KIT[:-1], *lx.DEVICES, *lx.VEHICLES, *lx.CLOTHES[:6])
_GRADES = (*lx.COST, *lx.PRAISE, *lx.EXCESS)

_CONTENT: dict[str, Sequence[Word]] = {
    # people: as subjects of statements, of questions, in the singular, as objects
    "who": (*_ONE, lx.WE, lx.THEY),
    "all": (*_ONE, lx.WE, lx.THEY, lx.EVERYONE),
    "asked": (*_ASKED, lx.THEY),
    "one": _ONE,
    "askedone": _ASKED,
    "unnamed": (lx.YOU, lx.HE, lx.SHE, *_YOUR, *_HIS),
    "whoever": (lx.WHO,),
    "other": (lx.ME, lx.HE, lx.SHE, *lx.NAMES, *_MY),
    "loved": (lx.ME, lx.HE, lx.SHE, *_MY[:10]),
    "figure": (*lx.NAMES, *_MY),
    "stranger": (*lx.NAMES, *_YOUR),
    "youth": (lx.ME, *_PEERS, *relatives(lx.ME, f"{lx.CHILDREN};{lx.OLDER}")),
    "worker": (lx.ME, lx.HE, lx.SHE, *lx.NAMES, *relatives(lx.ME, lx.WORKERS), *_HIS),
    "yourworker": (lx.YOU, lx.HE, lx.SHE, *lx.NAMES, *relatives(lx.YOU, lx.WORKERS), *_HIS),
    "friend": (lx.ME, lx.HE, lx.SHE, *lx.NAMES, *relatives(lx.ME, lx.FRIENDS)),
    "yourfriend": (lx.YOU, lx.HE, lx.SHE, *lx.NAMES, *relatives(lx.YOU, lx.FRIENDS)),
    "mine": (lx.ME, *_MY),
    "name": lx.NAMES,
    "owner": tuple(person for person in _ONE if f"{person.en:own}" != "-"),
    "child": (*relatives(lx.ME, lx.CHILDREN), *relatives(lx.YOU, lx.CHILDREN)),
    "adult": (lx.ME, *_PEERS, *relatives(lx.ME, f"{lx.OLDER};{lx.FRIENDS}")),
    "parent": tuple(kin for person in _SPEAKERS for kin in relatives(person, lx.PARENTS)),
    "elder": tuple(kin for person in _SPEAKERS for kin in relatives(person, lx.ELDERS)),
    "peer": _PEERS,
    "kin": lx.KIN,
    "job": lx.JOBS,
    "nation": lx.NATIONS,
    "looks": lx.LOOKS,
    "compared": lx.LOOKS[:-1],
    "mood": lx.MOODS,
    "low": lx.MOODS[1:],
    "state": lx.STATES,
    # likes
    "feel": lx.FEELINGS,
    "bond": lx.BONDS,
    "liked": (*lx.CITIES, *lx.COUNTRIES, *_FOODS, *lx.DRINKS[1:], *lx.ANIMALS, *lx.HOBBIES, *lx.SEASONS),
    "taste": (*lx.CITIES, *lx.FRUIT, *lx.DISHES, *lx.DRINKS, *lx.ANIMALS, *lx.SEASONS, *lx.COLOURS),
    # what people do
    "act": (*lx.DOING, *lx.OUTINGS, *lx.ERRANDS, *lx.TRIPS),
    "usual": (*lx.DOING, *lx.OUTINGS),
    "fun": (*lx.DOING, *lx.OUTINGS, *lx.TRIPS),
    "doing": lx.DOING,
    "duty": lx.DUTIES,
    "going": (*lx.OUTINGS, *lx.ERRANDS, *lx.TRIPS),
    "outing": lx.OUTINGS,
    "bought": (*lx.READING, *lx.SMALL, *lx.KIT, *lx.CLOTHES, *lx.DEVICES, *lx.FRUIT, *lx.SNACKS),
    "transitive": (*lx.MEALS, *lx.SIPS, *lx.TRIPS, *lx.SPORTS[:5], *lx.PASTIMES[1:4]),
    "trip": (*lx.TRIPS, *lx.TASTED, *lx.LEARNING),
    "skill": lx.SKILLS,
    "pursuit": (*lx.SPORTS, *lx.LEARNING),
    "language": lx.LANGUAGES,
    "chore": lx.CHORES,
    "routine": lx.ROUTINES,
    "scene": lx.SCENES,
    "verb": lx.ASKABLE,
    "lasting": lx.LASTING,
    "request": lx.REQUESTS,
    "permit": lx.PERMITS,
    "forbidden": lx.FORBIDDEN,
    "thanked": lx.THANKED,
    "quality": lx.QUALITIES,
    "hobby": lx.HOBBIES,
    "greeting": lx.GREETINGS,
    "phrase": (*lx.GREETINGS, *lx.PHRASES),
    # things
    "goods": _GOODS,
    "cheap": (*_FOODS, *lx.DRINKS, *lx.READING, *lx.SMALL, *lx.PAPER),
    "dear": (*lx.KIT, *lx.CLOTHES, *lx.DEVICES, *lx.FURNITURE),
    "thing": (*lx.READING, *lx.KIT, *lx.DEVICES, *lx.VEHICLES, *lx.PETS),
    "owned": _OWNED,
    "property": (*_OWNED, *lx.KEPT),
    "order": (*_FOODS, *lx.DRINKS),
    "item": (*_GOODS, *lx.PAPER, *lx.KEPT, *lx.FURNITURE),
    "animal": lx.ANIMALS,
    "mail": (*lx.KEPT[1:], lx.PAPER[0], lx.PAPER[2]),
    "shown": (*_GOODS, *lx.PAPER, *lx.KEPT, *lx.FURNITURE),
    "garment": lx.CLOTHES,
    "top": lx.CLOTHES[:4],
    "carried": lx.CARRIED,
    "grade": _GRADES,
    "denied": tuple(word for word in _GRADES if word.text[0] != "有"),  # 没有, never 不有
    "excess": (*lx.COST[:1], *lx.EXCESS),
    "praise": lx.PRAISE,
    "trait": (*lx.COST, *lx.PRAISE[:2], *lx.EXCESS[:3]),
    "spot": lx.SPOTS,
    "habitat": lx.HABITATS,
    # places
    "city": lx.CITIES,
    "town": lx.TOWNS,
    "country": lx.COUNTRIES,
    "place": lx.SITES,
    "building": lx.BUILDINGS,
    "whereabouts": (*lx.SITES, lx.HOME),
    "goal": (*lx.TOWNS, *lx.SITES),
    # time, numbers, weather
    "month": lx.MONTHS,
    "date": lx.DATES,
    "season": lx.TIMES_OF_YEAR,
    "climate": lx.CLIMATE,
    "fall": lx.FALLING,
    "childage": numbers(range(5, 18)),
    "adultage": numbers((18, 20, 21, 23, 24, 25, 27, 28, 30, 32, 35, 36)),
    "parentage": numbers((40, 41, 43, 45, 46, 49, 50, 52, 54, 57)),
    "elderage": numbers((60, 62, 64, 65, 68, 70, 71, 73, 76, 80, 82, 85, 89, 90)),
}
"""Slots whose fillers make a combination."""

_ADJUNCTS: dict[str, Sequence[Word]] = {
    "colour": lx.COLOURS,
    "price": lx.PRICES,
    "sum": lx.SUMS,
    "side": lx.SIDES,
    "ride": lx.RIDES,
    "longride": lx.RIDES[:3],
    "past": lx.PAST,
    "lately": lx.PAST[:4],
    "future": lx.FUTURE,
    "day": lx.DAYS,
    "habit": lx.HABITS,
    "often": lx.OFTEN,
    "clock": lx.CLOCK,
    "few": lx.FEW,
    "n": lx.COUNT,
    "hours": lx.COUNT[:8],
}
"""Slots that a combination leaves out as long as two words of content remain."""

SLOTS = _CONTENT | _ADJUNCTS

PATTERNS: tuple[tuple[str, str], ...] = (
    # likes
    ("{all}{feel}{liked}", "{all} {all:{feel}} {liked}"),
    ("{who}不{feel}{liked}", "{who} {who:don't} {feel} {liked}"),
    ("{asked}{feel}{liked}吗？", "{asked:do} {asked} {feel} {liked}?"),
    ("{all}非常{feel}{liked}", "{all} really {all:{feel}} {liked}"),
    ("{who}也{feel}{liked}", "{who} also {who:{feel}} {liked}"),
    ("{who}最{feel}{liked}", "{who} {who:{feel}} {liked} most"),
    ("{whoever}{feel}{liked}？", "{whoever} {whoever:{feel}} {liked}?"),
    ("{asked}更喜欢{taste}还是{taste2}？", "{asked:do} {asked} prefer {taste} or {taste2}?"),
    ("{who}喜欢{fun}", "{who} {who:like} {fun:ing}"),
    ("{who}不喜欢{fun}", "{who} {who:don't} like {fun:ing}"),
    ("{asked}喜欢{fun}吗？", "{asked:do} {asked} like {fun:ing}?"),
    ("{asked}为什么喜欢{fun}？", "why {asked:do} {asked} like {fun:ing}?"),
    ("{who}对{hobby}很感兴趣", "{who} {who:be} very interested in {hobby}"),
    ("{asked}对{hobby}感兴趣吗？", "{asked:be} {asked} interested in {hobby}?"),
    ("{one}{bond}{loved}", "{one} {one:{bond}} {loved:obj}"),
    ("{asked}{bond}{loved}吗？", "{asked:do} {asked} {bond} {loved:obj}?"),
    ("{one}不认识{stranger}", "{one} {one:don't} know {stranger:obj}"),
    ("{asked}认识{figure}吗？", "{asked:do} {asked} know {figure:obj}?"),
    # wants and plans
    ("{all}想{act}", "{all} {all:want} to {act}"),
    ("{who}不想{act}", "{who} {who:don't} want to {act}"),
    ("{asked}想{act}吗？", "{asked:do} {asked} want to {act}?"),
    ("{whoever}想{act}？", "{whoever} {whoever:want} to {act}?"),
    ("{all}{future}要{act}", "{all} will {act} {future}"),
    ("{who}{day}要{act}", "{who} will {act} on {day}"),
    ("{asked}{future}要{act}吗？", "will {asked} {act} {future}?"),
    ("{asked}什么时候{going}？", "when will {asked} {going}?"),
    ("{one}想和{other}一起{fun}", "{one} {one:want} to {fun} with {other:obj}"),
    ("我们一起{fun}吧", "let's {fun} together"),
    ("{who}应该{duty}", "{who} should {duty}"),
    ("{all}必须{duty}", "{all} must {duty}"),
    ("{asked}想{verb}什么？", "what {asked:do} {asked} want to {verb}?"),
    ("{asked}想去哪里？", "where {asked:do} {asked} want to go?"),
    ("{youth}想当{job}", "{youth} {youth:want} to be {job:a}"),
    # the present
    ("{all}{habit}{usual}", "{all} {all:{usual}} {habit}"),
    ("{who}{often}{usual}", "{who} {often} {who:{usual}}"),
    ("{who}{often}{scene}", "{who} {often} {who:{scene}}"),
    ("{who}正在{doing}", "{who} {who:be} {doing:ing}"),
    ("{who}正{scene}", "{who} {who:be} {scene:ing}"),
    ("{asked}在{doing}吗？", "{asked:be} {asked} {doing:ing}?"),
    ("{asked}在{verb}什么？", "what {asked:be} {asked} {verb:ing}?"),
    ("{one}在等{other}", "{one} {one:be} waiting for {other:obj}"),
    ("{who}想{scene}", "{who} {who:want} to {scene}"),
    # the past
    ("{all}{past}{transitive:le}", "{all} {transitive:past} {past}"),
    ("{who}{past}没{act}", "{who} didn't {act} {past}"),
    ("{asked}{past}{act}了吗？", "did {asked} {act} {past}?"),
    ("{asked}{past}{verb:le}什么？", "what did {asked} {verb} {past}?"),
    ("{who}{past}买了{few}{bought:m}{bought}", "{who} bought {bought:{few}} {past}"),
    ("{who}{past}收到了{few}{mail:m}{mail}", "{who} received {mail:{few}} {past}"),
    ("{who}{lately}{lasting:le}{hours}个小时", "{who} {lasting:past} for {hour:{hours}} {lately}"),
    ("{who}{trip:guo}", "{who} {who:have} {trip:done}"),
    ("{who}没{trip:guo}", "{who} {who:have} never {trip:done}"),
    ("{asked}{trip:guo}吗？", "{asked:have} {asked} ever {trip:done}?"),
    ("{who}没见过{animal}", "{who} {who:have} never seen {animal:a}"),
    ("{asked}见过{animal}吗？", "{asked:have} {asked} ever seen {animal:a}?"),
    ("{who}已经{chore}了", "{who} {who:have} already {chore:done}"),
    ("{who}还没{chore}", "{who} {who:haven't} {chore:done} yet"),
    ("{asked}{chore}了吗？", "{asked:have} {asked} {chore:done} yet?"),
    ("{who}学了{n}年{language}", "{who} learned {language} for {year:{n}}"),
    # abilities
    ("{who}会{skill}", "{who} can {skill}"),
    ("{who}不会{skill}", "{who} can't {skill}"),
    ("{asked}会{skill}吗？", "can {asked} {skill}?"),
    ("{whoever}会{skill}？", "{whoever} can {skill}?"),
    ("{who}{language}说得很好", "{who} {who:speak} {language} very well"),
    ("{who}{future}不能{act}", "{who} can't {act} {future}"),
    ("{who}觉得{pursuit}很{quality}", "{who} {who:think} {pursuit:ing} is {quality}"),
    ("{pursuit}{quality}吗？", "is {pursuit:ing} {quality}?"),
    # who and what people are
    ("{worker}是{job}", "{worker} {worker:be} {job:a}"),
    ("{worker}不是{job}", "{worker} {worker:be} not {job:a}"),
    ("{yourworker}是{job}吗？", "{yourworker:be} {yourworker} {job:a}?"),
    ("{who}是{nation}", "{who} {who:be} {nation}"),
    ("{asked}是{nation}吗？", "{asked:be} {asked} {nation}?"),
    ("{who}来自{country}", "{who} {who:come} from {country}"),
    ("{asked}来自{country}吗？", "{asked:do} {asked} come from {country}?"),
    ("{asked}做什么工作？", "what {asked:do} {asked} do for a living?"),
    ("{unnamed}叫什么名字？", "what is {unnamed:'s} name?"),
    ("{asked}是谁？", "who {asked:be} {asked}?"),
    ("{asked}多大？", "how old {asked:be} {asked}?"),
    ("{child}{childage}岁", "{child} {child:be} {childage} years old"),
    ("{adult}{adultage}岁", "{adult} {adult:be} {adultage} years old"),
    ("{parent}{parentage}岁", "{parent} {parent:be} {parentage} years old"),
    ("{elder}{elderage}岁", "{elder} {elder:be} {elderage} years old"),
    ("{peer}比{peer2}大{n}岁", "{peer} {peer:be} {year:{n}} older than {peer2:obj}"),
    ("{all}很{looks}", "{all} {all:be} {looks}"),
    ("{who}不{looks}", "{who} {who:be} not {looks}"),
    ("{all}今天很{mood}", "{all} {all:be} {mood} today"),
    ("{asked}今天{mood}吗？", "{asked:be} {asked} {mood} today?"),
    ("{who}有点儿{low}", "{who} {who:be} a little {low}"),
    ("{asked}为什么这么{mood}？", "why {asked:be} {asked} so {mood}?"),
    ("{who}{state}了", "{who} {who:be} {state}"),
    ("{one}比{other}{compared}", "{one} {one:be} {compared:er} than {other:obj}"),
    ("{one}没有{other}{compared}", "{one} {one:be} not as {compared} as {other:obj}"),
    ("{one}和{other}一样{compared}", "{one} {one:be} as {compared} as {other:obj}"),
    ("{one}的生日是{month}{date}", "{one:'s} birthday is {date} of {month}"),
    # having
    ("{friend}有{few}个{kin}", "{friend} {friend:have} {kin:{few}}"),
    ("{friend}没有{kin}", "{friend} {friend:don't} have any {kin:many}"),
    ("{yourfriend}有几个{kin}？", "how many {kin:many} {yourfriend:do} {yourfriend} have?"),
    ("{who}有{few}{thing:m}{thing}", "{who} {who:have} {thing:{few}}"),
    ("{who}没有{thing}", "{who} {who:don't} have {thing:a}"),
    ("{asked}有{thing}吗？", "{asked:do} {asked} have {thing:a}?"),
    ("这是{one}的{owned}", "this is {one:'s} {owned:bare}"),
    ("这不是{one}的{owned}", "this is not {one:'s} {owned:bare}"),
    ("那是{askedone}的{owned}吗？", "is that {askedone:'s} {owned:bare}?"),
    ("{one}的{owned}是{colour}的", "{one:'s} {owned:bare} is {colour}"),
    ("{askedone}的{owned}在哪里？", "where is {askedone:'s} {owned:bare}?"),
    ("{one}的{owned}在{spot}", "{one:'s} {owned:bare} is {spot}"),
    ("{owner}忘了带{carried}", "{owner} forgot to bring {owner:own} {carried:bare}"),
    ("{owner}找不到{carried}了", "{owner} can't find {owner:own} {carried:bare}"),
    ("{one}今天穿了一{top:m}{colour}的{top}", "{one} {one:be} wearing a {colour} {top:bare} today"),
    ("{spot}有{few}{item:m}{item}", "{item:there {few}} {spot}"),
    ("{spot}没有{item}", "there {item:be} no {item} {spot}"),
    ("{spot}有{item}吗？", "{item:be} there any {item} {spot}?"),
    ("{habitat}有{few}{animal:m}{animal}", "{animal:there {few}} {habitat}"),
    ("{habitat}有很多{animal}", "there are a lot of {animal} {habitat}"),
    ("{habitat}有{animal}吗？", "are there any {animal} {habitat}?"),
    # shopping
    ("请给我{n}{order:m}{order}", "please give me {order:{n}}"),
    ("{one}想买{few}{goods:m}{goods}", "{one} {one:want} to buy {goods:{few}}"),
    ("这{goods:m}{goods}多少钱？", "how much is this {goods:bare}?"),
    ("那{cheap:m}{cheap}{price}块钱", "that {cheap:bare} costs {price} yuan"),
    ("那{dear:m}{dear}{sum}块钱", "that {dear:bare} costs {sum} yuan"),
    ("这是一{shown:m}{shown}", "this is {shown:a}"),
    ("这{shown:m}{shown}很{grade}", "this {shown:bare} is {grade}"),
    ("这{shown:m}{shown}不{denied}", "this {shown:bare} is not {denied}"),
    ("那{shown:m}{shown}{grade}吗？", "is that {shown:bare} {grade}?"),
    ("那{shown:m}{shown}太{excess}了", "that {shown:bare} is too {excess}"),
    ("这{shown:m}{shown}真{grade}！", "this {shown:bare} is really {grade}!"),
    ("这{goods:m}{goods}很{praise}，但是太贵了", "this {goods:bare} is {praise}, but it is too expensive"),
    ("这{shown:m}{shown}比那{shown:m}{grade}", "this {shown:bare} is {grade:er} than that one"),
    ("{goods}比{goods2}{trait}", "{goods} {goods:be} {trait:er} than {goods2}"),
    ("我可以试试这{garment:m}{garment}吗？", "may I try on this {garment:bare}?"),
    ("这{property:m}{property}是谁的？", "whose {property:bare} is this?"),
    # places and travel
    ("{who}在{whereabouts}", "{who} {who:be} {whereabouts:at}"),
    ("{asked}在{whereabouts}吗？", "{asked:be} {asked} {whereabouts:at}?"),
    ("{asked}在哪里？", "where {asked:be} {asked}?"),
    ("{who}住在{city}", "{who} {who:live} {city:at}"),
    ("{asked}住在{city}吗？", "{asked:do} {asked} live {city:at}?"),
    ("{asked}住在哪里？", "where {asked:do} {asked} live?"),
    ("{who}在{city}工作", "{who} {who:work} {city:at}"),
    ("{who}在{city}住了{n}年", "{who} lived {city:at} for {year:{n}}"),
    ("{who}{future}到{city}", "{who} will arrive {city:at} {future}"),
    ("请问，{building}在哪里？", "excuse me, where is {building}?"),
    ("请问，去{place}怎么走？", "excuse me, how do I get {place:to}?"),
    ("这附近有{building}吗？", "is there {building:a} near here?"),
    ("{building}在{building2}{side}", "{building} is {side} {building2}"),
    ("{building}离{building2}远吗？", "is {building} far from {building2}?"),
    ("{city}离{city2}很远", "{city} is far from {city2}"),
    ("{who}{ride}去{goal}", "{who} {who:go} {goal:to} {ride}"),
    ("{who}想{ride}去{goal}", "{who} {who:want} to go {goal:to} {ride}"),
    (
        "从{town}到{town2}{longride}要{hours}个小时",
        "it takes {hour:{hours}} to get from {town} to {town2} {longride}",
    ),
    ("去{town}的火车{clock}开", "the train to {town} leaves at {clock}"),
    ("请给我{n}张去{city}的票", "please give me {ticket:{n}} to {city}"),
    ("去{city}的票多少钱？", "how much is a ticket to {city}?"),
    # time and dates
    ("现在{clock}", "it is {clock} now"),
    ("今天是{day}", "today is {day}"),
    ("明天是{month}{date}", "tomorrow is {date} of {month}"),
    ("{who}{clock}{routine}", "{who} {who:{routine}} at {clock}"),
    ("{asked}几点{routine}？", "what time {asked:do} {asked} {routine}?"),
    ("我们{clock}在{place}见吧", "let's meet {place:at} at {clock}"),
    # weather
    ("{city}今天很{climate}", "it is {climate} {city:at} today"),
    ("{city}昨天很{climate}", "it was {climate} {city:at} yesterday"),
    ("{city}今天{climate}吗？", "is it {climate} {city:at} today?"),
    ("{city}今天不{climate}", "it is not {climate} {city:at} today"),
    ("{city}比{city2}{climate}", "{city} is {climate:er} than {city2}"),
    ("{city}的{season}很{climate}", "{season} is {climate} {city:at}"),
    ("{city}{future}会{fall}", "it will {fall} {city:at} {future}"),
    ("{city}{future}会{fall}吗？", "will it {fall} {city:at} {future}?"),
    ("{city}{future}不会{fall}", "it won't {fall} {city:at} {future}"),
    ("{city}{past}{fall}了", "it {fall:past} {city:at} {past}"),
    ("如果明天{fall}，{who}就不{outing}", "if it {it:{fall}} tomorrow, {who} won't {outing}"),
    # politeness
    ("请{request}", "please {request}"),
    ("{name}，请{request}", "{name}, please {request}"),
    ("{asked}能{request}吗？", "can {asked} {request}?"),
    ("{mine}可以{permit}吗？", "may {mine} {permit}?"),
    ("请不要在{place}{forbidden}", "please don't {forbidden} {place:at}"),
    ("不好意思，{mine}不会{skill}", "sorry, {mine} can't {skill}"),
    ("对不起，{mine}今天不能{act}", "I'm sorry, {mine} can't {act} today"),
    ("谢谢{askedone}的{thanked}", "thank you for {askedone:'s} {thanked}"),
    ("谢谢你帮助{other}", "thank you for helping {other:obj}"),
    ("你好，我是{name}", "hello, I am {name}"),
    ("{greeting}，{name}", "{greeting}, {name}"),
    ("{phrase}", "{phrase}"),
)

_FIXED = {"year": lx.YEAR.en, "hour": lx.HOUR.en, "ticket": lx.TICKET.en, "it": lx.IT.en}
"""English words of the templates that are inflected but fill no slot."""


@dataclass(frozen=True)
class Sentence:
    """A pair with where it comes from: its template's number, its fillers, what is held out with it."""

    zh: str
    en: str
    pattern: int
    words: tuple[Word, ...]
    combination: tuple[str, ...]


def parts(seed: int) -> dict[Split, list[tuple[str, str]]]:
    """The (Chinese, English) pairs of each part. The seed decides which they are, and their order."""
    corpus = sentences(seed, quota=QUOTA)
    random.Random(f"order {seed}").shuffle(corpus)
    part = _division(corpus, seed)
    found: dict[Split, list[tuple[str, str]]] = {"train": [], "validation": [], "test": []}
    for sentence in corpus:
        found[part[sentence.combination]].append((sentence.zh, sentence.en))
    return found


def sentences(seed: int, *, quota: int) -> list[Sentence]:
    """What the grammar says: of every pattern all sentences, or as many as the quota, drawn by the seed."""
    rng = random.Random(seed)
    corpus = []
    for number, (zh, _) in enumerate(PATTERNS):
        slots = _slots(zh)
        corpus += [_sentence(number, slots, words) for words in _choices(slots, rng, quota)]
    return corpus


def _slots(template: str) -> list[str]:
    """The names in a template, each once: a noun is named again for its measure word."""
    names = (name for _, name, _, _ in Formatter().parse(template) if name)
    return list(dict.fromkeys(names))


def _choices(slots: Sequence[str], rng: random.Random, quota: int) -> Iterator[tuple[Word, ...]]:
    """Up to `quota` sensible fillings of the slots, those of the demonstration before all."""
    fillers = [SLOTS[_type(slot)] for slot in slots]
    pinned = [words for demo in _DEMO_WORDS.values() if (words := _find(fillers, demo))]
    yield from pinned
    total = prod(map(len, fillers))
    if total <= 10 * quota:
        drawn = rng.sample(range(total), total)
    else:  # too many to shuffle; most may make no sense, so more than the quota
        drawn = list(dict.fromkeys(rng.randrange(total) for _ in range(20 * quota)))
    sensible = (words for index in drawn if _sensible(slots, words := _nth(fillers, index)))
    yield from islice((words for words in sensible if words not in pinned), quota - len(pinned))


def _type(slot: str) -> str:
    return slot.rstrip("0123456789")


def _find(fillers: Sequence[Sequence[Word]], texts: Sequence[str]) -> tuple[Word, ...]:
    """The fillers with these Chinese texts, slot by slot; empty if they don't fit the slots."""
    if len(fillers) != len(texts):
        return ()
    named = [{word.text: word for word in words} for words in fillers]
    if not all(text in words for words, text in zip(named, texts, strict=True)):
        return ()
    return tuple(words[text] for words, text in zip(named, texts, strict=True))


def _nth(fillers: Sequence[Sequence[Word]], index: int) -> tuple[Word, ...]:
    """Combination number `index` of all combinations, without making the others."""
    words = []
    for choices in fillers:
        index, position = divmod(index, len(choices))
        words.append(choices[position])
    return tuple(words)


def _sensible(slots: Sequence[str], words: Sequence[Word]) -> bool:
    """No word twice, each with its like (food is sweet, not coats), comparison only within a kind."""
    if len({word.text for word in words}) < len(words):
        return False
    if any(a.fits and b.kind and b.kind not in a.fits for a in words for b in words):
        return False
    kinds: dict[str, str] = {}
    return all(kinds.setdefault(_type(slot), w.kind) == w.kind for slot, w in zip(slots, words, strict=True))


def _sentence(number: int, slots: Sequence[str], words: tuple[Word, ...]) -> Sentence:
    """The templates of one pattern, filled."""
    zh_template, en_template = PATTERNS[number]
    zh = zh_template.format_map({slot: word.zh for slot, word in zip(slots, words, strict=True)})
    en = en_template.format_map(_FIXED | {slot: word.en for slot, word in zip(slots, words, strict=True)})
    en = en[0].upper() + en[1:]
    if zh[-1] not in "？！" and crc32(zh.encode()) % 2 == 0:
        zh, en = zh + "。", en + "."
    content = [word.text for slot, word in zip(slots, words, strict=True) if _type(slot) not in _ADJUNCTS]
    if len(content) < 2:
        content = [word.text for word in words]
    return Sentence(zh, en, number, words, tuple(sorted(content)))


def _division(corpus: Sequence[Sentence], seed: int) -> dict[tuple[str, ...], Split]:
    """Where each combination belongs: the demonstration's to test, then drawn ones until there are enough.

    Left to train are those without which one of their words or patterns would be too rare there.
    """
    groups: dict[tuple[str, ...], list[Sentence]] = defaultdict(list)
    for sentence in corpus:
        groups[sentence.combination].append(sentence)
    uses = Counter(use for sentence in corpus for use in _uses(sentence))
    division: dict[tuple[str, ...], Split] = dict.fromkeys(groups, "train")
    demo = [sentence.combination for sentence in corpus if sentence.zh in _DEMO_WORDS]
    rest = sorted(groups)
    random.Random(f"parts {seed}").shuffle(rest)
    room: dict[Split, int] = {"test": HELD_OUT, "validation": HELD_OUT}
    for combination in dict.fromkeys(demo + rest):
        lost = Counter(use for sentence in groups[combination] for use in _uses(sentence))
        too_rare = any(uses[use] - count < ENOUGH for use, count in lost.items())
        if not room or (too_rare and combination not in demo):
            continue
        split = next(iter(room))
        division[combination] = split
        uses -= lost
        room[split] -= len(groups[combination])
        if room[split] <= 0:
            del room[split]
    return division


def _uses(sentence: Sentence) -> set[str | int]:
    """What train must know to compose the sentence: its pattern, fillers, characters, English word forms."""
    forms = sentence.en.rstrip(".?!").replace(",", "").split()
    return {sentence.pattern, *(word.text for word in sentence.words), *sentence.zh, *forms}
