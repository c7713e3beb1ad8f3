package main

import "fmt"

// one is a company union's visits: no money, but documents, talks, visits and
// needs.
func one() *campaign {
	c := begin(1, "2021-06-07", "走基层、访万家", "某公司工会", "union", "410527", "2021-06-07", "2021-10-03")
	c.year("2021")
	c.document("plan", "“走基层、访万家”活动方案", "plan")
	for i := 1; i <= 8; i++ {
		c.on(fmt.Sprintf("2021-06-%02d", 8+i)).activity(fmt.Sprint("talk ", i), "talk", "形势任务宣讲", fmt.Sprintf("第%d会议室", i), nil, 1)
	}
	for i := 1; i <= 20; i++ {
		heard := 6
		if i <= 6 {
			heard = 7
		}
		c.on(fmt.Sprintf("2021-07-%02d", i)).visit(fmt.Sprint("team ", i), fmt.Sprintf("第%d班组", i), "site", "teams", 1, heard)
	}
	for i := 1; i <= 9; i++ {
		c.do(c.officer("drafter"), fmt.Sprint("team need ", i), "find-need", m{"of": "teams", "kind": "生产条件", "note": fmt.Sprintf("第%d班组反映", i)})
	}
	for i := 1; i <= 20; i++ {
		visits := 11
		if i <= 12 {
			visits = 12
		}
		c.on(fmt.Sprintf("2021-08-%02d", i)).visit(fmt.Sprint("workers ", i), fmt.Sprintf("走访第%d组", i), "home", "workers", visits, 0)
	}
	for i := 1; i <= 17; i++ {
		c.do(c.officer("drafter"), fmt.Sprint("worker need ", i), "find-need", m{"of": "workers", "kind": "生活困难"})
	}
	c.on("2021-09-09").document("circular", "关于深入开展“走基层、访万家”活动的通知", "circular")
	c.on("2021-09-28")
	for i := 1; i <= 9; i++ {
		c.do(c.officer("drafter"), fmt.Sprint("team need met ", i), "resolve-need", m{"need": m{"command": "@" + c.name(fmt.Sprint("team need ", i))}, "how": "现场解决"})
	}
	for i := 1; i <= 10; i++ {
		c.do(c.officer("drafter"), fmt.Sprint("worker need met ", i), "resolve-need", m{"need": m{"command": "@" + c.name(fmt.Sprint("worker need ", i))}, "how": "工会帮扶"})
	}
	c.on("2021-10-03").document("reporting", "关于工会“走基层、访万家”活动资料报送的通知", "circular")
	return c
}

// two is the county union of 2,731 payees.
func two() *campaign {
	c := begin(2, "2021-12-20", "内黄县总工会两节送温暖", "内黄县总工会", "union", "410527", "2021-12-20", "2022-02-01")
	c.year("2022")
	acc := c.officer("accountant")
	c.programme("warm", "送温暖慰问", m{
		"basis": []m{{"name": "送温暖资金使用管理办法"}}, "place": "410527", "purposes": []string{"songwennuan"},
		"notice": before(5, "working", place("village-board", "full"), place("web", "masked")),
		"forms":  []string{"cash", "bank", "goods"},
		"categories": []m{{"code": "tekun", "name": "特困职工"}, {"code": "kunnan", "name": "困难职工"}, {"code": "laomo", "name": "困难劳模"},
			{"code": "nongmingong", "name": "坚守岗位的农民工"}, {"code": "zinv", "name": "困难农民工子女"}, {"code": "jiaoshi", "name": "特困教师"}},
		"standards": []m{{"category": "tekun", "form": "cash", "least": "600.00", "most": "600.00"}, {"category": "kunnan", "least": "500.00", "most": "500.00"},
			{"category": "laomo", "least": "800.00", "most": "800.00"}, {"category": "nongmingong", "least": "300.00", "most": "300.00"},
			{"category": "zinv", "least": "1000.00", "most": "1000.00"}, {"category": "jiaoshi", "least": "1200.00", "most": "1200.00"}},
		"record_within": 10, "surrender_within": 30,
	})
	c.document("notice of the union", "关于2022年元旦春节期间开展送温暖活动的通知", "circular")
	c.fund("fund", "2022年送温暖资金", "songwennuan")
	c.receive("union money", "fund", "union", "county", "内黄县总工会", "内工〔2021〕48号", "800000.00")
	c.receive("upper union", "fund", "union", "city", "安阳市总工会", "安工〔2021〕91号", "400000.00")
	c.receive("second source", "fund", "treasury", "county", "内黄县财政局（假定的第二来源）", "内财预〔2021〕312号", "1300000.00")
	c.assume("union-funds", ">=", "1000000.00", "1200000.00", "共协调资金100余万元")
	c.assume("第二来源", ">=", "1178000.00", "1300000.00", "为2731名特困职工发放每人600元的一次性生活救济和价值200元生活用品（2731×800=2184800元，多于100余万元；以第二来源入账）")
	c.allocate("main", "fund:fund", c.unit, "warm", "songwennuan", "2378000.00", 0)
	c.allocate("school", "fund:fund", c.unit, "warm", "songwennuan", "11200.00", 0)
	c.assume("ceremony-shares", "=", "11200.00", "10×1000.00+1×1200.00", "11200元…发放到十名困难农民工子女和一名特困教师的手中")

	// The survey of the 31.
	c.on("2021-12-27")
	for i := 1; i <= 31; i++ {
		c.visit(fmt.Sprint("survey ", i), fmt.Sprintf("入户调查第%d户", i), "home", "survey", 1, 0)
	}

	// The ceremony of 7 January: eleven payees, listed in December.
	head := []string{"姓名", "身份证号", "金额(元)", "形式", "类别", "组别"}
	var rows [][]string
	for i := range 11 {
		r := []string{person(100 + i), number(2, 1+i), "1000.00", "现金", "zinv", "县第二高级中学"}
		if i == 10 {
			r[2], r[4] = "1200.00", "jiaoshi"
		}
		rows = append(rows, r)
	}
	c.on("2021-12-28").draft("school list", "school", "助学送温暖名单", "内黄县总工会")
	c.roster("school lines", "school list", "助学.csv", head, rows)
	c.review("school list", "县总工会党组会")
	c.publish("school list", "before", place("village-board", "full"), place("web", "masked"))
	c.on("2022-01-06").activity("safe home", "action", "农民工平安返乡行动", "内黄县汽车站", nil, 1)
	c.confirm("school list")
	c.prepare("school batch", "school", "cash", lines(1, 11))
	c.approve("school", 1)
	c.on("2022-01-07").activity("ceremony", "ceremony", "迎新春送温暖活动启动仪式", "内黄县第二高级中学", nil, 1)
	c.pay("school paid", "school", 1, "cash", "签领表")

	// The 2,731 and the 386, listed on 10 January.
	rows = nil
	for i := range 2731 {
		rows = append(rows, []string{person(1000 + i), number(2, 100+i), "600.00", "现金", "tekun", fmt.Sprintf("第%02d工会小组", i%60+1), "生活用品（份）", "1"})
	}
	c.on("2022-01-10").draft("special list", "main", "特困职工一次性生活救济名单", "内黄县总工会")
	c.roster("special lines", "special list", "特困职工.csv", append(head[:6:6], "物资", "数量"), rows)
	rows = nil
	type kind struct {
		code, amount string
		n            int
	}
	k := 0
	for _, x := range []kind{{"kunnan", "500.00", 258}, {"laomo", "800.00", 30}, {"nongmingong", "300.00", 100}} {
		for range x.n {
			rows = append(rows, []string{person(5000 + k), number(2, 4000+k), x.amount, "银行", x.code, fmt.Sprintf("企业%02d", k%82+1), account(2, 1+k)})
			k++
		}
	}
	c.draft("workers list", "main", "困难职工、劳模、农民工慰问名单", "内黄县总工会")
	c.roster("workers lines", "workers list", "困难职工.csv", append(head[:6:6], "银行账号"), rows)
	for _, n := range []string{"special list", "workers list"} {
		c.review(n, "县总工会党组会")
		c.publish(n, "before", place("village-board", "full"), place("web", "masked"))
	}
	// Added: one objection is upheld, one dismissed.
	c.on("2022-01-13")
	c.added("异议两件：一件成立（剔除），一件不成立")
	c.do(c.officer("drafter"), "objection 1", "raise-objection", m{"notice": c.ref("workers list", "notice"), "lines": []int{257}, "text": "该户有经营收入"})
	c.do(c.officer("drafter"), "objection 2", "raise-objection", m{"notice": c.ref("workers list", "notice"), "lines": []int{12}, "text": "反映不属实"})
	c.on("2022-01-14")
	c.do(c.officer("reviewer"), "objection 1 upheld", "resolve-objection", m{"notice": c.ref("workers list", "notice"), "objection": 1, "outcome": "struck", "answer": "经核实有经营收入，予以剔除"})
	c.do(c.officer("reviewer"), "objection 2 dismissed", "resolve-objection", m{"notice": c.ref("workers list", "notice"), "objection": 2, "outcome": "dismissed", "answer": "经入户核实，符合条件"})
	c.on("2022-01-18")
	c.confirm("special list")
	c.confirm("workers list")
	c.do(c.officer("storekeeper"), "goods bought", "purchase-goods", m{"allocation": c.alloc("main"), "item": "生活用品（份）", "quantity": "2731", "cost": "546200.00", "supplier": "内黄县供销社（演示）", "invoice": "演示发票0001"})
	// Added: one line is stopped after its confirmation.
	c.added("停发一行：第258行（确认后发现重复享受）")
	c.do(c.officer("reviewer"), "stopped", "stop-line", m{"allocation": c.alloc("main"), "line": 2731 + 257, "reason": "重复享受"})
	c.prepare("special cash", "main", "cash", lines(1, 2731))
	c.prepare("special goods", "main", "goods", lines(1, 2731))
	var bank []m
	for i := 1; i <= 388; i++ {
		// Line 257 of the list was struck, so the stopped one is 257 here.
		if i != 257 && i <= 387 {
			bank = append(bank, m{"line": 2731 + i})
		}
	}
	c.prepare("workers bank", "main", "bank", bank)
	for b := 1; b <= 3; b++ {
		c.approve("main", b)
	}
	c.on("2022-01-19").pay("special cash paid", "main", 1, "cash", "签领表")
	c.on("2022-01-20").pay("special goods paid", "main", 2, "goods", "物资签领表")
	// Added: two bank rejects, mended and paid again.
	c.added("银行退票两笔，更正后重发")
	c.bank("workers paid", "main", 3, 384, "181000.00", []m{{"row": 3, "code": "户名不符"}, {"row": 40, "code": "账户已销户"}})
	c.on("2022-01-24")
	for i, line := range []int{3, 40} {
		c.do(c.officer("drafter"), fmt.Sprint("account mended ", i), "correct-party", m{"party": fmt.Sprintf("@r2.workers lines#%d/party", line), "account": account(2, 9000+i)})
	}
	c.prepare("workers again", "main", "bank", []m{
		{"line": 2734, "again": m{"command": "@" + c.name("workers paid"), "row": 3}}, {"line": 2771, "again": m{"command": "@" + c.name("workers paid"), "row": 40}}})
	c.approve("main", 4)
	c.bank("workers paid again", "main", 4, 2, "1000.00", nil)

	for i := 1; i <= 31; i++ {
		c.visit(fmt.Sprint("group ", i), fmt.Sprintf("第%d慰问组", i), "home", "one-to-one", 1, 0)
	}
	// Added: a payee gives back what is not needed.
	c.on("2022-01-27").added("一名收款人退回慰问金")
	c.do(acc, "payee returns", "return-disbursement", m{"allocation": c.alloc("main"), "payment": m{"command": "@" + c.name("workers paid"), "row": 260}, "amount": "800.00", "kind": "payee", "reason": "本人提出转让给更困难者"})
	c.on("2022-01-28")
	for _, f := range [][4]string{
		{"jobs", "=", "265", "送岗位265个"}, {"life-relief", "=", "508", "为508人提供了生活救助"}, {"training", "=", "250", "为250人提供培训服务"},
		{"medical", "=", "15", "送医疗15人"}, {"tuition", "=", "107", "助学帮扶107人"}, {"legal", "=", "41", "提供法律服务41人"}, {"pairings", "=", "114", "结对帮扶114对"},
		{"mutual-aid-households", "=", "2612", "为2612户职工提供了互助服务"}, {"home-service", "=", "214", "为214名困难职工提供了上门服务"}, {"migrants-home", "=", "12150", "共协助12150名农民工顺利返乡"},
	} {
		c.fact(f[0], f[1], f[2], "stated", f[3])
	}
	c.assume("mutual-aid-helpers", ">=", "8500", "8500", "组织8500余人次")
	c.assume("policy-advice", "?", "20xx", "2000", "为20xx人提供了政策咨询")
	c.assume("life-relief与发放", "?", "508", "不相等：2731+386+11", "为508人提供了生活救助")
	// Added: what is left goes back to where it came from.
	c.on("2022-02-28").added("结余上缴")
	c.do(acc, "unspent", "return-unspent", m{"allocation": c.alloc("main")})
	c.do(acc, "surrendered", "surrender-funds", m{"fund": c.ref("fund", "fund"), "source": m{"kind": "treasury", "level": "county", "name": "内黄县财政局（假定的第二来源）"}, "amount": "122800.00", "number": "缴款书2022-001"})
	c.on("2022-03-01").do(acc, "books closed", "close-books", m{"unit": c.unit, "through": "2022-02-28"})
	return c
}

// three is a school with five retired teachers, the only people named.
func three() *campaign {
	c := begin(3, "2022-01-10", "后山小学退休教师送温暖", "后山小学", "school", "500112", "2022-01-10", "2022-01-31")
	c.year("2022")
	c.programme("visit", "退休教师慰问", m{"purposes": []string{"weiwen"}, "notice": []m{{"timing": "none"}}, "forms": []string{"cash"},
		"categories": []m{{"code": "tuixiu", "name": "困难退休教师"}}, "standards": []m{{"category": "tuixiu", "most": "500.00"}}})
	c.fund("fund", "工会经费", "weiwen")
	c.receive("own money", "fund", "own-budget", "", "后山小学工会", "", "1300.00")
	c.allocate("main", "fund:fund", c.unit, "visit", "weiwen", "1300.00", 5)
	c.assume("cash-shares", "=", "1300.00", "5×260.00", "五位退休教师安排了共计1300元的慰问金")
	var rows [][]string
	for _, n := range []string{"崔大明", "李廷源", "彭茂兰", "左哲夫", "范祖武"} {
		rows = append(rows, []string{n, "260.00", "tuixiu"})
	}
	c.draft("list", "main", "困难退休教师慰问名单", "后山小学工会")
	c.roster("lines", "list", "退休教师.csv", []string{"姓名", "金额", "类别"}, rows)
	c.review("list", "校务会")
	c.confirm("list")
	c.prepare("batch", "main", "cash", lines(1, 5))
	c.approve("main", 1)
	c.on("2022-01-19").activity("meeting", "meeting", "退休教职工迎春座谈会", "后山小学", m{"relation": ">=", "people": 20}, 1)
	for i := 1; i <= 5; i++ {
		c.visit(fmt.Sprint("phone ", i), "学校工会", "phone", "retired", 1, 0)
	}
	c.pay("paid", "main", 1, "cash", "签领表")
	return c
}

// four is a township: 251 households by tiers, posted on 27 January, paid on 4
// February, and union aid from a second fund.
func four() *campaign {
	c := begin(4, "2021-01-11", "某乡春节关爱困难群众", "某县民政局", "bureau", "510524", "2021-01-11", "2021-02-10")
	c.year("2021")
	acc := c.officer("accountant")
	c.do("@open/officer/1", "township", "register-unit", m{"parent": c.unit, "name": "某乡人民政府", "kind": "township", "division": "510524"})
	cats := []m{{"code": "tekun", "name": "特殊困难户"}, {"code": "junlieshu", "name": "军属、烈属"}, {"code": "jianka", "name": "建卡贫困户"}, {"code": "canji", "name": "残疾人"}, {"code": "laodangyuan", "name": "困难老党员干部"}}
	notice := before(7, "calendar", place("village-board", "full"), place("web", "masked"))
	c.programme("winter", "今冬明春生活补助", m{"basis": []m{{"name": "冬春救助工作规程（演示）"}}, "purposes": []string{"dongchun"}, "notice": notice, "forms": []string{"bank"}, "categories": cats,
		"standards": []m{{"least": "400.00", "most": "500.00"}}, "cap_per_person": "500.00", "record_within": 10, "surrender_within": 30})
	c.programme("union", "工会帮扶", m{"purposes": []string{"bangfu"}, "notice": notice, "forms": []string{"cash"}, "categories": cats, "standards": []m{{"most": "500.00"}}})
	c.fund("fund", "冬春救助专款", "dongchun")
	c.receive("central", "fund", "treasury", "central", "中央财政", "财建〔2020〕501号", "80000.00")
	c.receive("province", "fund", "treasury", "province", "省财政", "川财社〔2020〕188号", "40000.00")
	c.fund("aid fund", "工会帮扶资金", "bangfu")
	c.receive("aid", "aid fund", "union", "county", "县总工会", "工发〔2021〕3号", "7000.00")
	town := c.ref("township", "unit")
	c.allocate("county", "fund:fund", c.unit, "winter", "dongchun", "120000.00", 0)
	c.allocate("town", "allocation:county", town, "winter", "dongchun", "120000.00", 251)
	c.allocate("aid town", "fund:aid fund", town, "union", "bangfu", "7000.00", 0)
	var rows, aid [][]string
	codes := []string{"tekun", "junlieshu", "jianka", "canji", "laodangyuan"}
	for i := range 251 {
		amount := "500.00"
		if i >= 167 {
			amount = "400.00"
		}
		r := []string{person(9000 + i), number(4, 1+i), amount, codes[i%5], fmt.Sprintf("第%d村", i%8+1), account(4, 1+i), "户", "银行"}
		rows = append(rows, r)
		if i < 14 {
			aid = append(aid, []string{r[0], r[1], "500.00", r[3], r[4], "户"})
		}
	}
	c.assume("subsidy-tiers", "=", "117100.00", "167×500.00+84×400.00", "发放今冬明春慰问款11.71万元")
	c.on("2021-01-25").activity("meeting", "meeting", "乡党委会议", "乡政府", nil, 1)
	c.draft("list", "town", "冬春生活补助名单", "某乡人民政府")
	c.roster("lines", "list", "冬春补助.csv", []string{"户主姓名", "身份证号码", "补助金额（元）", "类别", "村(居)", "一卡通账号", "对象", "形式"}, rows)
	c.draft("aid list", "aid town", "工会帮扶名单", "某乡人民政府")
	c.roster("aid lines", "aid list", "工会帮扶.csv", []string{"户主姓名", "身份证号码", "金额", "类别", "村(居)", "对象"}, aid)
	c.review("list", "乡党委会议")
	c.review("aid list", "乡党委会议")
	c.on("2021-01-27")
	var places []m
	for v := 1; v <= 8; v++ {
		p := place("village-board", "full")
		p["where"] = fmt.Sprintf("第%d村村务公开栏", v)
		places = append(places, p)
	}
	c.publish("list", "before", append(places, place("web", "masked"))...)
	c.publish("aid list", "before", place("village-board", "full"), place("web", "masked"))
	c.on("2021-02-04")
	c.confirm("list")
	c.confirm("aid list")
	c.prepare("batch", "town", "bank", lines(1, 251))
	c.prepare("aid batch", "aid town", "cash", lines(1, 14))
	c.approve("town", 1)
	c.approve("aid town", 1)
	c.bank("paid", "town", 1, 251, "117100.00", nil)
	c.pay("aid paid", "aid town", 1, "cash", "签领表")
	// Added: what was not needed goes back up both edges and to its source.
	c.on("2021-02-26").added("结余2,900.00元逐级退回并上缴")
	c.do(acc, "town unspent", "return-unspent", m{"allocation": c.alloc("town")})
	c.do(acc, "town closed", "close-allocation", m{"allocation": c.alloc("town")})
	c.do(acc, "county unspent", "return-unspent", m{"allocation": c.alloc("county")})
	c.do(acc, "county closed", "close-allocation", m{"allocation": c.alloc("county")})
	c.do(acc, "surrendered", "surrender-funds", m{"fund": c.ref("fund", "fund"), "source": m{"kind": "treasury", "level": "province", "name": "省财政"}, "amount": "2900.00", "number": "缴款书2021-017"})
	c.do(acc, "fund closed", "close-fund", m{"fund": c.ref("fund", "fund")})
	c.on("2021-03-01").do(acc, "books closed", "close-books", m{"unit": town, "through": "2021-02-28"})
	return c
}

// five is a city union with quotas for thirteen counties and one late
// nomination.
func five() *campaign {
	c := begin(5, "2020-12-28", "临沂市总工会送温暖", "临沂市总工会", "union", "371300", "2021-01-01", "2021-02-10")
	c.year("2021")
	acc := c.officer("accountant")
	c.programme("visit", "困难企业特困职工走访慰问", m{"purposes": []string{"zoufang"}, "notice": before(5, "working", place("village-board", "full"), place("web", "masked")), "forms": []string{"cash"},
		"categories": []m{{"code": "xiagang", "name": "下岗失业及尚未纳入低保的特困职工", "excludes": []string{"dibao"}}, {"code": "dabing", "name": "因大病、灾害致困职工"}, {"code": "laomo", "name": "困难劳模、军转干部、单亲女职工"}},
		"standards":  []m{{"form": "cash", "least": "1000.00", "most": "1000.00"}}, "groups": 2, "lines_per_group": 2, "nominations_until": "2021-01-04T12:00:00+08:00"})
	c.assume("nomination-deadline", "?", "day 4, afternoon", "2021-01-04 12:00", "于4日下午前报市总工会生产保障工作部（月份为假定，“下午前”按正午计）")
	c.fund("fund", "走访慰问资金", "zoufang")
	c.receive("money", "fund", "union", "city", "临沂市总工会", "临工〔2020〕77号", "52000.00")
	counties := []string{"兰山区", "罗庄区", "河东区", "沂南县", "郯城县", "沂水县", "兰陵县", "费县", "平邑县", "莒南县", "蒙阴县", "临沭县", "高新区"}
	for i, name := range counties {
		c.do("@open/officer/1", fmt.Sprint("county ", i), "register-unit", m{"parent": c.unit, "name": name + "总工会", "kind": "union", "division": "3713"})
		// With its quota only: the money comes when the names are fixed.
		c.allocate(fmt.Sprint("alloc ", i), "fund:fund", c.ref(fmt.Sprint("county ", i), "unit"), "visit", "zoufang", "", 4)
	}
	c.on("2021-01-01").visit("province", "省总工会领导", "home", "province", 1, 0)
	c.on("2021-01-04")
	for i, name := range counties {
		arrived := fmt.Sprintf("2021-01-04T%02d:30:00+08:00", 8+i/6)
		if i == 12 {
			arrived = "2021-01-04T15:10:00+08:00"
			c.last = c.last.Add(6 * 60 * 60 * 1e9)
		}
		c.last = c.last.Add(5 * 60 * 1e9)
		if i == 0 {
			c.last = c.last.Add(100 * 60 * 1e9)
		}
		c.do(c.officer("drafter"), fmt.Sprint("nomination ", i), "receive-nomination", m{"allocation": c.alloc(fmt.Sprint("alloc ", i)), "origin": name + "总工会", "arrived": arrived, "households": 4})
	}
	c.on("2021-01-05")
	c.do(c.officer("reviewer"), "late one rejected", "reject-nomination", m{"allocation": c.alloc("alloc 12"), "nomination": 1, "reason": "逾期"})
	for i := range 12 {
		a := fmt.Sprint("alloc ", i)
		c.do(acc, fmt.Sprint("top up ", i), "allocate", m{"fund": c.ref("fund", "fund"), "to": c.alloc(a), "amount": "4000.00"})
		var rows [][]string
		for k := range 4 {
			rows = append(rows, []string{person(20000 + i*40 + k*7), number(5, 1+i*4+k), "1000.00", []string{"xiagang", "dabing", "laomo", "dabing"}[k], fmt.Sprintf("%s第%d企业", counties[i], k/2+1), "1"})
		}
		list := fmt.Sprint("list ", i)
		c.draft(list, a, counties[i]+"特困职工走访慰问名单", "临沂市总工会")
		c.roster(fmt.Sprint("lines ", i), list, counties[i]+".csv", []string{"姓名", "身份证号", "金额", "类别", "企业", "推荐"}, rows)
		c.review(list, "市总工会生产保障工作部")
	}
	c.on("2021-01-08")
	for i := range 12 {
		c.publish(fmt.Sprint("list ", i), "before", place("village-board", "full"), place("web", "masked"))
	}
	c.on("2021-01-18")
	for i := range 12 {
		a := fmt.Sprint("alloc ", i)
		c.confirm(fmt.Sprint("list ", i))
		c.prepare(fmt.Sprint("batch ", i), a, "cash", lines(1, 4))
		c.approve(a, 1)
	}
	c.on("2021-01-20")
	for i := range 12 {
		c.pay(fmt.Sprint("paid ", i), fmt.Sprint("alloc ", i), 1, "cash", "签领表")
	}
	c.on("2021-01-31").visit("province visits", "省总工会领导", "home", "province-window", 1, 0, m{"happened": m{"first": "2021-01-01", "last": "2021-01-31"}})
	c.on("2021-02-10").visit("city visits", "市领导", "home", "city-window", 1, 0, m{"happened": m{"first": "2021-02-06", "last": "2021-02-10"}})
	c.assume("city-window与期间", "?", "01-31", "市领导走访在活动期间之外，照录", "市总工会确定自元旦开始，到1月底结束")
	c.on("2021-02-20").added("未用名额的资金上缴")
	c.do(acc, "surrendered", "surrender-funds", m{"fund": c.ref("fund", "fund"), "source": m{"kind": "union", "level": "city", "name": "临沂市总工会"}, "amount": "4000.00"})
	return c
}

// six is a civil-affairs bureau: 614 households, institutions, the garrison and
// 71 donors.
func six() *campaign {
	c := begin(6, "2021-12-20", "某县民政局两节走访慰问", "某县民政局（六）", "bureau", "340300", "2021-12-20", "2022-02-01")
	c.year("2022")
	acc := c.officer("accountant")
	c.programme("households", "城乡困难群众慰问", m{"purposes": []string{"weiwen"}, "notice": before(7, "calendar", place("township-screen", "full"), place("web", "masked")), "forms": []string{"cash"},
		"categories": []m{{"code": "wubao", "name": "农村五保户"}, {"code": "dibao", "name": "城乡低保户"}, {"code": "youfu", "name": "困难优抚对象"}, {"code": "zaiqu", "name": "山区库区灾区困难户"}, {"code": "gucan", "name": "孤残儿童家庭"}},
		"standards":  []m{{"least": "400.00", "most": "400.00"}}, "surrender_within": 30})
	c.programme("units", "单位慰问", m{"purposes": []string{"weiwen"}, "notice": []m{{"timing": "none"}}, "forms": []string{"bank"},
		"categories": []m{{"code": "jigou", "name": "医院、福利院、敬老院"}, {"code": "budui", "name": "驻军部队"}, {"code": "kanshousuo", "name": "看守所"}}, "standards": []m{{"most": "20000.00"}}})
	c.fund("fund", "两节慰问资金", "weiwen")
	c.receive("city", "fund", "treasury", "city", "市财政", "蚌财社〔2021〕402号", "150000.00")
	c.receive("county", "fund", "treasury", "county", "县财政", "凤财预〔2021〕118号", "302000.00")
	c.fund("donations", "送温暖献爱心捐款", "juanzeng")
	c.receive("donated", "donations", "donation", "", "全局在职职工", "捐赠登记册", "4150.00", m{"donors": m{"relation": "=", "people": 71}})
	c.fact("clothes", "?", "", "stated", "组织社会人士，企业老板捐衣捐物")
	c.fact("head-sum", ">=", "200000.00", "stated", "共发放慰问金20多万元（下文为245600元）")
	c.allocate("bureau", "fund:fund", c.unit, "households", "weiwen", "246000.00", 0)
	c.allocate("institutions", "fund:fund", c.unit, "units", "weiwen", "204750.00", 0)
	total := 0
	codes := []string{"wubao", "dibao", "youfu", "zaiqu", "gucan"}
	for t, n := range []int{154, 154, 153, 153} {
		a, list := fmt.Sprint("town ", t), fmt.Sprint("list ", t)
		c.do("@open/officer/1", fmt.Sprint("unit ", t), "register-unit", m{"parent": c.unit, "name": fmt.Sprintf("第%d乡镇", t+1), "kind": "township", "division": "340300"})
		c.allocate(a, "allocation:bureau", c.ref(fmt.Sprint("unit ", t), "unit"), "households", "weiwen", fmt.Sprintf("%d.00", n*400), n)
		var rows [][]string
		for k := range n {
			rows = append(rows, []string{person(30000 + total), number(6, 1+total), "400.00", codes[k%5], fmt.Sprintf("第%d村", k%9+1), "户"})
			total++
		}
		c.draft(list, a, fmt.Sprintf("第%d乡镇困难群众慰问名单", t+1), "某县民政局")
		c.roster(fmt.Sprint("lines ", t), list, fmt.Sprintf("第%d乡镇.csv", t+1), []string{"户主姓名", "身份证号", "救助金额(元)", "类别", "村", "对象"}, rows)
		c.review(list, "局长办公会")
	}
	var units [][]string
	for i, n := range []string{"某病医院", "某荣军医院", "县福利院"} {
		units = append(units, []string{n, []string{"15000.00", "15000.00", "10000.00"}[i], "jigou", "机构", account(6, 1+i)})
	}
	for i := 1; i <= 10; i++ {
		units = append(units, []string{fmt.Sprintf("第%d乡镇敬老院", i), "3475.00", "jigou", "机构", account(6, 10+i)})
	}
	for i := 1; i <= 12; i++ {
		units = append(units, []string{fmt.Sprintf("驻军第%d部队（演示）", i), "10000.00", "budui", "机构", account(6, 30+i)})
	}
	units = append(units, []string{"县公安局看守所", "10000.00", "kanshousuo", "机构", account(6, 50)})
	c.assume("shares", "=", "74750.00", "15000+15000+10000+10×3475；13×10000", "发放慰问资金74750元；送去慰问金13万元")
	c.draft("units list", "institutions", "单位慰问名单", "某县民政局")
	c.roster("units lines", "units list", "单位.csv", []string{"单位名称", "金额", "类别", "对象", "银行账号", "形式"}, byBank(units))
	c.review("units list", "局长办公会")
	c.on("2022-01-10")
	for t := range 4 {
		c.publish(fmt.Sprint("list ", t), "before", place("township-screen", "full"), place("web", "masked"))
	}
	c.confirm("units list")
	c.prepare("units batch", "institutions", "bank", lines(1, 26))
	c.approve("institutions", 1)
	c.on("2022-01-18")
	for t, n := range []int{154, 154, 153, 153} {
		c.confirm(fmt.Sprint("list ", t))
		c.prepare(fmt.Sprint("batch ", t), fmt.Sprint("town ", t), "cash", lines(1, n))
		c.approve(fmt.Sprint("town ", t), 1)
	}
	c.on("2022-01-20").bank("units paid", "institutions", 1, 26, "204750.00", nil)
	for t := range 4 {
		c.pay(fmt.Sprint("paid ", t), fmt.Sprint("town ", t), 1, "cash", "签领表")
	}
	c.on("2022-01-28").added("捐款转交县慈善协会")
	c.do(acc, "passed on", "pass-on-funds", m{"fund": c.ref("donations", "fund"), "to": "县慈善协会（演示）", "number": "慈收2022-09", "amount": "4150.00"})
	c.on("2022-02-25").added("结余上缴")
	c.do(acc, "bureau unspent", "return-unspent", m{"allocation": c.alloc("bureau")})
	c.do(acc, "surrendered", "surrender-funds", m{"fund": c.ref("fund", "fund"), "source": m{"kind": "treasury", "level": "county", "name": "县财政"}, "amount": "1650.00", "number": "缴款书2022-020"})
	return c
}

// seven is a statistics bureau that brings goods to three villages.
func seven() *campaign {
	c := begin(7, "2022-01-17", "织金县统计局送温暖献爱心", "织金县统计局", "bureau", "520524", "2022-01-17", "2022-01-31")
	c.year("2022")
	c.programme("goods", "节日慰问（实物）", m{"purposes": []string{"weiwen"}, "notice": []m{{"timing": "none"}}, "forms": []string{"goods"},
		"categories": []m{{"code": "macao", "name": "马场乡陈家寨村、中心村"}, {"code": "guanzhai", "name": "官寨乡下红岩村"}}})
	c.document("plan", "“送温暖、献爱心”工作计划", "plan")
	c.fund("fund", "局机关慰问经费", "weiwen")
	c.receive("own", "fund", "own-budget", "county", "织金县统计局", "2022年部门预算", "3300.00")
	c.allocate("main", "fund:fund", c.unit, "goods", "weiwen", "3300.00", 0)
	c.assume("goods-1", "?", "20xx", "2022.00", "价值20xx元的慰问品")
	c.assume("goods-2", ">=", "1200.00", "1260.00", "1200余元的慰问品")
	c.assume("户数", "?", "", "20户与12户", "贫困党员和贫困户（户数原文未载）")
	goods := func(as, item, q, cost string) {
		c.do(c.officer("storekeeper"), as, "purchase-goods", m{"allocation": c.alloc("main"), "item": item, "quantity": q, "cost": cost, "supplier": "县城超市（演示）", "invoice": "演示发票" + as})
	}
	goods("rice", "大米（袋）", "32", "1920.00")
	goods("pork", "猪肉（份）", "32", "960.00")
	goods("sugar", "白糖（袋）", "20", "222.00")
	goods("oil", "油（桶）", "12", "180.00")
	var rows [][]string
	for i := range 32 {
		village, cat, last := "陈家寨村", "macao", "白糖（袋）"
		switch {
		case i >= 20:
			village, cat, last = "下红岩村", "guanzhai", "油（桶）"
		case i >= 10:
			village = "中心村"
		}
		for _, item := range []string{"大米（袋）", "猪肉（份）", last} {
			rows = append(rows, []string{person(40000 + i), number(7, 1+i), cat, village, item, "1", "户"})
		}
	}
	c.draft("list", "main", "节日慰问品名单", "织金县统计局")
	c.roster("lines", "list", "慰问品.csv", []string{"户主姓名", "身份证号", "类别", "村", "物资", "数量", "对象"}, rows)
	c.review("list", "局务会")
	c.confirm("list")
	c.prepare("batch 1", "main", "goods", lines(1, 60))
	c.prepare("batch 2", "main", "goods", lines(61, 96))
	c.approve("main", 1)
	c.approve("main", 2)
	c.on("2022-01-26").visit("visit 1", "马场乡陈家寨村和中心村", "home", "villages", 1, 0)
	c.pay("paid 1", "main", 1, "goods", "物资签领表")
	c.on("2022-01-27").visit("visit 2", "官寨乡下红岩村", "home", "villages", 1, 0)
	c.pay("paid 2", "main", 2, "goods", "物资签领表")
	c.on("2022-01-30").added("结余退回资金")
	c.do(c.officer("accountant"), "unspent", "return-unspent", m{"allocation": c.alloc("main")})
	return c
}

// eight is a detention house: counts only, and one collective line.
func eight() *campaign {
	c := begin(8, "2021-09-10", "宣汉县看守所中秋送温暖", "宣汉县看守所", "detention-house", "511722", "2021-09-10", "2021-09-21")
	c.year("2021")
	c.programme("festival", "中秋关怀", m{"purposes": []string{"guanhuai"}, "notice": before(3, "calendar", place("web", "counts")), "forms": []string{"goods"},
		"categories": []m{{"code": "yuebing", "name": "月饼（全体在押人员）"}, {"code": "jiangpin", "name": "奖品（成绩优异监室和人员）"}}})
	c.fund("fund", "监管经费", "guanhuai")
	c.receive("own", "fund", "own-budget", "county", "宣汉县看守所", "2021年部门预算", "5000.00")
	c.allocate("main", "fund:fund", c.unit, "festival", "guanhuai", "5000.00", 0)
	c.assume("detainees", "<=", "200", "196", "近200名在押人员")
	c.assume("mooncakes", "?", "each", "210", "为每位在押人员精心准备了月饼（人数原文未载）")
	c.assume("prizes", "?", "some", "12", "为在各项活动中成绩优异的监室和在押人员颁发了奖品")
	for _, g := range [][4]string{{"cakes", "月饼（盒）", "210", "3150.00"}, {"prize", "奖品（份）", "12", "360.00"}} {
		c.do(c.officer("storekeeper"), g[0], "purchase-goods", m{"allocation": c.alloc("main"), "item": g[1], "quantity": g[2], "cost": g[3], "supplier": "县城食品店（演示）", "invoice": "演示发票" + g[0]})
	}
	c.on("2021-09-13").draft("list", "main", "中秋关怀（只公布人数）", "宣汉县看守所")
	c.roster("lines", "list", "集体.csv", []string{"姓名", "对象", "人数", "类别", "物资", "数量", "公开"}, [][]string{
		{"全体在押人员", "集体", "约210", "yuebing", "月饼（盒）", "210", "仅人数"}, {"优胜监室和人员", "集体", "约12", "jiangpin", "奖品（份）", "12", "仅人数"}})
	c.review("list", "所务会")
	c.publish("list", "before", place("web", "counts"))
	c.on("2021-09-18")
	c.confirm("list")
	c.prepare("batch", "main", "goods", lines(1, 2))
	c.approve("main", 1)
	c.on("2021-09-21")
	c.activity("cards", "cards", "在押人员填写明信片寄语", "监区", m{"relation": "~", "people": 196}, 1)
	c.activity("games", "games", "象棋、扑克、拉力赛、斗鸡等文娱活动", "监区", nil, 1)
	c.activity("meeting", "meeting", "表现优秀人员与亲人零距离会见", "会见室", nil, 1)
	c.activity("talks", "talk", "与重点人员逐一谈话", "监区", m{"relation": "?"}, 1)
	c.pay("paid", "main", 1, "goods", "民警发放登记表")
	return c
}

// nine is a rescue station: it helps first, and vets and publishes after.
func nine() *campaign {
	c := begin(9, "2021-12-20", "寒冬送温暖专项救助", "某市救助管理站", "rescue-station", "410500", "2021-12-20", "2022-01-31")
	c.year("2021")
	acc := c.officer("accountant")
	c.activity("meeting", "meeting", "全体职工会议：部署专项救助", "救助管理站", nil, 1)
	c.programme("rescue", "生活无着流浪乞讨人员救助", m{"purposes": []string{"jiuzhu"}, "notice": []m{{"timing": "after", "days": 7, "mode": "calendar", "within": 20, "places": []m{place("web", "counts")}}},
		"forms":      []string{"goods", "voucher"},
		"categories": []m{{"code": "jietou", "name": "街头救助"}, {"code": "weizhong", "name": "危重病人"}, {"code": "fanxiang", "name": "返乡"}},
		"standards":  []m{{"form": "voucher", "most": "500.00"}}, "papers_within": 10, "record_within": 10,
		"needs":    []m{{"form": "voucher", "category": "fanxiang", "fact": "eligibility", "name": "甄别后符合返乡条件"}, {"category": "weizhong", "fact": "activity:treatment", "name": "先救治"}},
		"minimums": []m{{"measure": "patrol", "at_least": 3, "per": "week"}},
		"principles": []m{{"code": "aid-before-vetting", "quote": "按照“先救助后甄别”的原则"}, {"code": "treatment-before-aid", "quote": "要按照“先救治、后救助”的原则"},
			{"code": "ticket-voucher", "quote": "及时开具“救助返乡车票凭证”"}, {"code": "refusal-record", "quote": "做好笔录及视频资料，做好后续跟踪救助"}}})
	c.fact("vehicles", "=", "3", "stated", "现有救助专用车3辆")
	c.fact("help-points", "=", "48", "stated", "48家社会救助点")
	c.assume("patrols-per-week", ">=", "3", "3", "每周至少三次深入车站码头…")
	c.fund("fund", "流浪乞讨人员救助补助资金", "jiuzhu")
	c.receive("central", "fund", "treasury", "central", "中央财政", "财社〔2021〕66号", "20000.00")
	c.allocate("main", "fund:fund", c.unit, "rescue", "jiuzhu", "20000.00", 0)
	c.do(c.officer("storekeeper"), "quilts", "purchase-goods", m{"allocation": c.alloc("main"), "item": "棉被（床）", "quantity": "20", "cost": "2000.00", "supplier": "市救灾物资库（演示）", "invoice": "演示发票棉被"})
	teams := []string{"第一流动救助小组", "第二流动救助小组", "第三流动救助小组"}
	patrol := func(w int, team int) {
		c.activity(fmt.Sprintf("patrol %d.%d", w, team), "patrol", teams[team], []string{"车站码头", "繁华市区", "桥梁涵洞"}[team], nil, 1)
	}
	c.on("2021-12-21")
	patrol(0, 0)
	// Six people whom nobody knows are helped on the spot.
	var rows [][]string
	for i := range 6 {
		cat := "jietou"
		if i == 5 {
			cat = "weizhong"
		}
		rows = append(rows, []string{"", "不明", cat, "棉被（床）", "1", "仅人数", fmt.Sprintf("街面发现第%d人", i+1)})
	}
	c.draft("street", "main", "街头救助名单", "某市救助管理站")
	c.roster("street lines", "street", "街头.csv", []string{"姓名", "对象", "类别", "物资", "数量", "公开", "备注"}, rows)
	c.review("street", "值班站领导")
	c.confirm("street", "夜间气温零下十二度，先救助后甄别")
	c.do(c.officer("drafter"), "treated", "record-activity", m{"kind": "treatment", "name": "定点医院救治", "place": "市定点医院", "times": 1, "parties": []string{c.ref("street lines#6", "party")}, "people": m{"relation": "=", "people": 1}})
	c.prepare("street batch", "main", "goods", lines(1, 6))
	c.approve("main", 1)
	c.pay("street paid", "main", 1, "goods", "救助登记表及照片")
	c.do(c.officer("drafter"), "refusal", "record-activity", m{"kind": "refusal", "name": "劝导后不愿进站，提供御寒物品和求助方式", "place": "桥梁涵洞", "times": 1, "declined": true, "people": m{"relation": "=", "people": 1}, "note": "笔录一份", "evidence": []string{"笔录影印件", "视频资料"}})
	c.on("2021-12-23")
	patrol(0, 1)
	c.on("2021-12-24")
	patrol(0, 2)
	// Three of them are identified, and go home by a ticket voucher.
	for i := 1; i <= 3; i++ {
		p := c.ref(fmt.Sprintf("street lines#%d", i), "party")
		c.do(c.officer("drafter"), fmt.Sprint("identified ", i), "identify-party", m{"party": p, "type": "person", "name": person(50000 + i), "number": number(9, i)})
		c.do(c.officer("reviewer"), fmt.Sprint("eligible ", i), "decide-eligibility", m{"party": p, "programme": c.ref("rescue", "programme"), "category": "fanxiang", "eligible": true, "reason": "甄别属实，符合资助返乡条件"})
		c.do(c.officer("drafter"), fmt.Sprint("papers ", i), "complete-papers", m{"party": p, "papers": []string{"求助登记表"}})
	}
	c.draft("home", "main", "返乡车票凭证名单", "某市救助管理站", m{"supplements": c.ref("street", "notice")})
	var give []m
	for i, fare := range []string{"86.50", "143.00", "211.50"} {
		give = append(give, m{"beneficiary": c.ref(fmt.Sprintf("street lines#%d", i+1), "party"), "category": "fanxiang", "disclosure": "counts", "give": []m{{"form": "voucher", "amount": fare}}})
	}
	c.do(c.officer("drafter"), "home lines", "add-lines", m{"notice": c.ref("home", "notice"), "rows": give})
	c.review("home", "值班站领导")
	c.confirm("home", "滞站人员须于当日返乡")
	c.prepare("home batch", "main", "voucher", lines(7, 8))
	c.approve("main", 2)
	c.pay("home paid", "main", 2, "voucher", "车票凭证存根", m{"vouchers": []m{{"row": 1, "number": "返乡0001"}, {"row": 2, "number": "返乡0002"}}})
	// Added: one was paid by hand at night without a batch, and is recorded so.
	c.added("一笔夜间未经批次发放的车票凭证，按违规补记")
	c.do(c.officer("cashier"), "night", "disburse", m{"allocation": c.alloc("main"), "form": "voucher", "pay": m{"line": 9}, "voucher": "返乡0003"},
		m{"irregular": []m{{"code": "no-batch", "reason": "末班车前十分钟，会计不在岗", "evidence": []string{"值班日志"}}}, "second": c.officer("reviewer")})
	c.do(c.officer("cashier"), "night receipt", "record-receipt", m{"allocation": c.alloc("main"), "kind": "车票凭证存根", "held_by": "救助管理站", "payments": []m{{"command": "@" + c.name("night")}}})
	c.on("2021-12-27")
	patrol(1, 0)
	// Added: one ticket was not used.
	c.added("一张车票凭证未使用，退回")
	c.do(acc, "unused", "return-disbursement", m{"allocation": c.alloc("main"), "payment": m{"command": "@" + c.name("home paid"), "row": 2}, "amount": "143.00", "kind": "unused-voucher", "reason": "家属来站接领"})
	c.on("2021-12-29")
	patrol(1, 1)
	c.on("2021-12-31")
	patrol(1, 2)
	c.publish("street", "after", place("web", "counts"))
	c.publish("home", "after", place("web", "counts"))
	for _, d := range []struct {
		day string
		w   int
		t   int
	}{{"2022-01-04", 2, 0}, {"2022-01-06", 2, 1}, {"2022-01-07", 2, 2}, {"2022-01-11", 3, 0}, {"2022-01-12", 3, 1}, {"2022-01-14", 3, 2}} {
		c.on(d.day)
		patrol(d.w, d.t)
	}
	return c
}

// byBank adds that each is paid by bank.
func byBank(rows [][]string) [][]string {
	for i := range rows {
		rows[i] = append(rows[i], "银行")
	}
	return rows
}
