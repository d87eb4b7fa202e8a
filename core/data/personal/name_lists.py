"""Common names of people: what lets a name be seen without a model of language.

The commonest surnames and given names of Japan, the United States and the United Kingdom. A list
never holds everybody: how many names are found is measured in ``benchmarks/personal_data.py``.
"""

from __future__ import annotations

SURNAMES_JA = frozenset(
    """
    佐藤 鈴木 高橋 髙橋 田中 伊藤 渡辺 渡邊 渡邉 山本 中村 小林 加藤 吉田 山田
    佐々木 山口 松本 井上 木村 斎藤 斉藤 齋藤 齊藤 清水 山崎 山﨑 阿部 安部
    安倍 池田 橋本 石川 山下 中島 中嶋 石井 小川 前田 岡田 長谷川 藤田 後藤
    近藤 村上 遠藤 青木 坂本 福田 太田 大田 西村 藤井 岡本 金子 三浦 藤原 中野
    中川 原田 松田 竹内 小野 田村 中山 和田 石田 森田 上田 柴田 酒井 工藤 横山
    宮崎 宮本 内田 高木 安藤 谷口 大野 丸山 今井 高田 河野 藤本 村田 武田 上野
    杉山 増田 平野 大塚 千葉 久保 松井 小島 岩崎 桜井 野口 松尾 野村 木下 菊地
    菊池 佐野 大西 杉本 新井 荒井 浜田 濱田 市川 古川 水野 小松 島田 小山 高野
    山内 西田 西川 五十嵐 北村 安田 中田 川口 平田 川崎 本田 久保田 吉川 飯田
    沢田 澤田 辻 関 矢野 秋山 渡部 川上 吉村 岩田 土屋 中西 服部 福島 樋口
    馬場 永井 松岡 秋元 大橋 広瀬 廣瀬 田口 石原 星野 荒木 大谷 松下 永田 須藤
    望月 小池 松村 関口 早川 尾崎 黒田 大島 石橋 川村 小田 山中 堀 熊谷 菅原
    西山 内藤 浅野 野田 大久保 川島 片山 東 栗原 伊東 岡崎 富田 八木 坂口 大山
    田辺 萩原 平井 町田 松原 森本 白石 本間 中原 篠原 松永 榎本 児玉 奥村 大森
    上原 片岡 横田 津田 足立 宇野 堀内 根本 岸本 内山 福井 成田 土井 奥田 宮田
    柳沢 鎌田 小倉 堀江 三宅 森下 荻野 三好 川田 大川 桑原 稲垣 今村 竹田 植田
    神田 飯塚 滝沢 長田 青山 天野 林 森 原 岡 谷 菅 星 島 南 西 北
    """.split()
)
# Also words or places: a name only before a title such as さん, never before a given name alone.
WORDS_JA = frozenset(
    """
    林 森 原 岡 谷 菅 星 島 南 西 北 東 関 堀 辻 千葉 宮崎 福島 石川 山口
    福井 川崎
    """.split()
)

GIVEN_JA = frozenset(
    """
    太郎 次郎 一郎 二郎 三郎 健太 健一 健二 健太郎 翔太 大輔 拓也 拓哉 直樹
    和也 達也 哲也 智也 亮太 雄太 優太 翔 誠 浩 隆 茂 実 清 博 勝 進 修 剛
    学 豊 稔 昇 聡 徹 淳 亮 健 大樹 大翔 蓮 悠斗 陽斗 湊 樹 颯太 蒼 朝陽
    悠真 悠人 陽翔 陸 隼人 海斗 駿 涼太 俊介 啓介 圭介 洋介 裕介 祐介 雄介
    浩二 浩一 和夫 正夫 幸雄 昭 正 一男 義雄 武 明 博之 裕之 孝之 和彦 雅彦
    雅人 正人 正樹 秀樹 英樹 茂樹 孝 宏 浩之 弘 花子 幸子 和子 洋子 恵子 京子
    節子 裕子 陽子 久美子 由美子 真由美 直美 明美 智子 優子 美穂 美香 由美 香織
    恵 愛 彩 美咲 さくら 陽菜 結衣 葵 結菜 凛 芽依 莉子 美月 七海 遥 千尋
    麻衣 舞 萌 友美 麻美 絵美 恵美 奈々 菜々子 真理子 理恵 美紀 由紀 由紀子
    美智子 文子 良子 和美 早苗 綾 綾香 綾子 沙織 詩織 瞳 千春 美穂子 貴子 典子
    敦子 弘子 悦子 順子 純子 静香 涼子 玲奈 玲子 里奈 ひなた ひかり ゆい あおい
    はるか みさき あかり まさと けんた たろう はなこ ゆうた
    """.split()
)

# The last sign of many given names that no list holds.
GIVEN_ENDINGS_JA = frozenset("子美郎太介平一香恵代樹也之夫雄弘真輔哉奈菜花織佳治彦")

FIRST_EN = frozenset(
    """
    james robert john michael david william richard joseph thomas christopher charles daniel
    matthew anthony donald steven andrew paul joshua kenneth kevin brian george timothy
    ronald jason edward jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin
    scott brandon benjamin samuel gregory alexander patrick raymond jerry dennis tyler aaron
    jose adam nathan henry zachary douglas peter kyle noah ethan jeremy christian walter
    keith austin roger terry sean gerald carl harold dylan arthur lawrence jordan jesse
    bryan billy bruce gabriel joe logan alan juan albert willie elijah wayne randy vincent
    mason roy ralph bobby russell bradley philip eugene mary patricia jennifer linda
    elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley
    kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca sharon
    laura cynthia dorothy amy kathleen angela shirley emma brenda pamela nicole anna
    samantha katherine christine helen debra rachel carolyn janet maria catherine heather
    diane olivia julie joyce victoria ruth virginia lauren kelly christina joan evelyn
    judith andrea hannah megan cheryl jacqueline martha madison teresa gloria sara janice
    ann kathryn abigail sophia frances jean alice judy isabella julia denise danielle
    marilyn beverly charlotte natalie theresa diana brittany doris kayla alexis lori marie
    oliver harry charlie oscar leo freddie archie theo isla ava mia ella sophie lucy eva
    phoebe chloe fiona liam nigel graham ian colin stuart simon neil gareth trevor alistair
    hamish priya raj amit anjali mohammed ahmed fatima ali wei ming yuki kenji hiroshi akiko
    takashi satoshi haruto sakura yuko tomoko naoko carlos luis miguel ana sofia diego pedro
    lucia hans klaus pierre antoine giulia marco stacy clarence shannon gabrielle tracy
    jeffery brandy felicia lucas caitlin marissa robin ross kristen kristin kristina erin
    erica erika alicia allison alyssa amber audrey bethany bonnie brianna brittney candice
    carla carrie cassandra casey cassie chad chelsea cody corey courtney craig curtis dale
    dana darren dominic dustin edwin erik ernest ethel gail gina glenn gwendolyn hector
    holly isaac isabel jacqueline jaime jenna jill jodi joel johnny jon karl katie katrina
    kayleigh kendra kim kirsten krista kurt lance leah leslie lindsay lindsey lorraine louis
    mackenzie marc marcus mario marvin maurice melanie melinda meredith miranda mitchell
    monica monique nathaniel nina norman paige paula peggy preston regina rhonda ricardo
    ricky roberta rodney ronnie roberto sabrina seth shane sheila shelby shelly sherry sheri
    sierra stacey stanley tammy tanya tara taylor theodore tiffany todd tonya tracey travis
    trevor troy valerie vanessa veronica wanda wendy wesley whitney yolanda yvonne zoe tom
    tim jim bob ben sam dan mike dave steve chris nick matt tony greg jeff kate liz beth
    jenny becky
    """.split()
)
# Also everyday words: a first name only before a surname of the list.
WORDY_FIRST_EN = frozenset(
    """
    mark will bill frank jack grace rose faith hope art dean miles sue pat rob chase may
    june april summer autumn dawn joy amber jade ruby pearl violet iris ivy daisy lily
    crystal drew grant guy lance max mike nick rich roman sandy skip ted victor ward wade
    wes penny
    """.split()
)
SURNAMES_EN = frozenset(
    """
    smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez
    lopez gonzalez wilson anderson thomas taylor moore jackson martin lee perez thompson
    white harris sanchez clark ramirez lewis robinson walker young allen king wright scott
    torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter
    roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart
    morris morales murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed
    kelly howard ramos kim cox ward richardson watson brooks chavez wood james bennett gray
    mendoza ruiz hughes price alvarez castillo sanders patel myers long ross foster jimenez
    powell jenkins perry russell sullivan bell coleman butler henderson barnes gonzales
    fisher vasquez simmons romero jordan patterson alexander hamilton graham reynolds
    griffin wallace moreno west cole hayes bryant herrera gibson ellis tran medina aguilar
    stevens murray ford castro marshall owens harrison fernandez mcdonald woods washington
    kennedy wells vargas henry chen freeman webb tucker guzman burns crawford olson simpson
    porter hunter gordon mendez silva shaw snyder mason dixon munoz hunt hicks holmes palmer
    wagner black robertson boyd rose stone salazar fox warren mills meyer rice schmidt
    daniels ferguson nichols stephens soto weaver ryan gardner payne grant dunn kelley
    spencer hawkins arnold pierce hansen peters davies jones evans roberts walker wright
    thompson white hughes edwards green lewis wood harris martin cooper ward clarke khan
    ahmed singh begum o'brien o'connor mcdonald macdonald tanaka suzuki sato yamamoto
    watanabe ito nakamura kobayashi takahashi wang li zhang liu yang huang wu
    """.split()
)
# What begins a sentence or a place, and no name.
NO_FIRST_EN = frozenset(
    """
    the and for from with new old north south east west fort port mount saint san santa los
    las lake dear hello but not are was were can could will would should please thank thanks
    this that these those your our their his her its who what when where why how does did
    has have had about after before mrs miss prof sir lady lord king queen saint point big
    little great royal black white red green blue all any some each every via per and/or inc
    uncle aunt brothers visit call ask tell see ship send name mister madam president
    """.split()
)
# Capitalised words that follow a first name without being a surname, or a title without being one.
NO_SURNAME_EN = frozenset(
    """
    the a an and or of for to in on at is are was will can may should street road avenue
    lane drive court station airport university college hospital park city county island
    river lake beach bay hills school church monday tuesday wednesday thursday friday
    saturday sunday january february march april may june july august september october
    november december martens pepper heater coffee clean bean inc ltd llc corp company co
    group store shop institut instituts institute magic mouse deere
    """.split()
)
