package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/esdb"
)

// storeCommands are `store check` and `store prepare`, for a store on a server.
func storeCommands(p *program) *cobra.Command {
	return group("store", p.say("服务器上的事件库：检查，准备", "an event store on a server: check it, prepare it"), storeCheckCommand(p), storePrepareCommand(p))
}

// server is the address of the server: as it was given, else as ledger.json says.
func (p *program) server() (string, error) {
	address := p.home.Store
	if address == "" {
		a, err := p.home.About()
		if err != nil {
			return "", err
		}
		address = a.Store
	}
	if !office.IsAddress(address) {
		return "", office.Input("--store", "须给出服务器地址 esdb://…（RELIEFLEDGER_STORE）：此账簿的事件库是目录", "give the address of a server, esdb://… (RELIEFLEDGER_STORE): the events of this ledger are in a folder")
	}
	return address, nil
}

func storeCheckCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: p.say("服务器许谁对账簿做什么，对账簿的流设了什么", "who may do what to the ledger on its server, and what was done to its streams"),
		Long: p.say(`以 --store 中的用户查看，不写入：服务器版本；该用户能否读取全部事件（$all）；$all 的授权与默认访问列表；
其他用户能否读取、追加、截断、删除账簿的流；账簿的流有无保留期限、删除、墓碑；账簿有多少，服务器上还有什么。
管理员看到全部；账簿自己的用户看不到的，写作“此用户不得而知”。从头读一遍服务器上的全部事件。
不得读取 $all 时退出码为 7；有点名（对他人开放、保留期限、删除、墓碑）时为 6。`,
			`As the user of --store may see it; nothing is written: the server's version; whether this user may read all
events ($all); to whom $all is granted, and the default access list; whether other users could read, append to,
truncate or delete the ledger's streams; retention, deletes and tombstones of its streams; how much there is, and
what else. An administrator sees all of it; what the ledger's own user may not see is "not known to this user".
It reads everything that the server has, once. Exit code 7 if $all may not be read, 6 if something is named:
streams open to others, retention, a delete, a tombstone.`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			address, err := p.server()
			if err != nil {
				return err
			}
			s, err := esdb.Check(cmd.Context(), address, esdb.Options{})
			if err != nil {
				return err
			}
			if err := sayStanding(p, s); err != nil {
				return err
			}
			switch {
			case !s.MayReadAll:
				return saidError{&eventstore.Denied{All: true}}
			case len(s.Open())+len(s.Dangers) > 0:
				return saidError{office.ErrUnproven}
			}
			return nil
		},
	}
}

func sayStanding(p *program, s *esdb.Standing) error {
	if p.json {
		return writeJSON(os.Stdout, struct {
			*esdb.Standing
			Open []string `json:"open"`
		}{s, append([]string{}, s.Open()...)})
	}
	line := func(zh, en, text string) { fmt.Printf("%s%s%s\n", p.say(zh, en), p.say("：", ": "), text) }
	unknown := p.say("此用户不得而知", "not known to this user")
	line("服务器", "server", s.Store+" "+s.Version)
	if s.Prefix != "" {
		line("流名前缀", "prefix of streams", printable(s.Prefix))
	}
	user := s.User
	if user == "" {
		user = p.say("（未给出）", "(none given)")
	}
	line("用户", "user", printable(user))
	if s.MayReadAll {
		line("读取全部事件（$all）", "reading all events ($all)", p.say("可以", "allowed"))
	} else {
		line("读取全部事件（$all）", "reading all events ($all)", p.say("不许：请管理员运行 store prepare --user 用户名", "denied: let an administrator run store prepare --user NAME"))
	}
	line("$all 已授权给", "$all is granted to", p.roles(s.AllReaders))
	switch d := s.Defaults; {
	case d == nil:
		line("默认访问列表", "default access list", unknown)
	case d.UserStreams == nil:
		line("默认访问列表", "default access list", p.say("未设（任何用户都可对账簿的流做任何事）", "none is set (every user may do everything to the ledger's streams)"))
	default:
		line("默认访问列表", "default access list", p.say("已设", "is set"))
	}
	fmt.Println(p.say("除管理员外，对账簿的流：", "to the ledger's streams, beside administrators:"))
	line("  读取", "  may read", p.roles(s.Rights.Read))
	line("  追加", "  may append", p.roles(s.Rights.Append))
	line("  截断（设保留期限）", "  may truncate (set retention)", p.roles(s.Rights.Truncate))
	line("  删除", "  may delete", p.roles(s.Rights.Delete))
	if h := s.Held; h == nil {
		line("账簿", "the ledger", unknown)
	} else {
		line("账簿", "the ledger", fmt.Sprintf(p.say("%d 个事件、%d 个流、%s", "%d events in %d streams, %s"), h.Events, h.Streams, inMegabytes(int64(h.Bytes))))
		line("服务器上他人的流", "streams of others there", p.foreign(h))
	}
	for _, d := range s.Dangers {
		fmt.Println(harmless(p.say("注意：", "note: ") + office.SayDanger(d, p.lang())))
	}
	if open := s.Open(); len(open) > 0 {
		fmt.Println(p.say("注意：账簿的流对他人开放（", "note: the ledger's streams are open to others (") + strings.Join(p.rights(open), p.say("、", ", ")) +
			p.say("）：请管理员运行 store prepare", "): let an administrator run store prepare"))
	}
	return nil
}

// roles says who has a right.
func (p *program) roles(who esdb.Roles) string {
	switch {
	case who == nil:
		return p.say("此用户不得而知", "not known to this user")
	case len(who) == 0:
		return p.say("无人", "nobody")
	}
	names := make([]string, len(who))
	for i, r := range who {
		switch names[i] = printable(r); r {
		case esdb.Everybody:
			names[i] = p.say("任何人", "everybody")
		case esdb.Administrators:
			names[i] = p.say("管理员", "administrators")
		}
	}
	return strings.Join(names, p.say("、", ", "))
}

// rights says rights as people do.
func (p *program) rights(names []string) (said []string) {
	for _, n := range names {
		zh := map[string]string{"read": "读取", "append": "追加", "truncate": "截断", "delete": "删除"}[n]
		said = append(said, p.say(zh, n))
	}
	return said
}

// foreign says what others have on a server.
func (p *program) foreign(h *esdb.Held) string {
	if h.ForeignStreams == 0 {
		return p.say("无", "none")
	}
	names := make([]string, len(h.Foreign))
	for i, n := range h.Foreign {
		names[i] = printable(n)
	}
	more := ""
	if h.ForeignStreams > len(names) {
		more = " …"
	}
	return fmt.Sprintf(p.say("%d 个（%d 个事件）：%s%s", "%d (%d events): %s%s"), h.ForeignStreams, h.ForeignEvents, strings.Join(names, p.say("、", ", ")), more)
}

func storePrepareCommand(p *program) *cobra.Command {
	var user string
	var readers []string
	var yes, force bool
	c := &cobra.Command{
		Use:   "prepare --user NAME [--reader NAME]...",
		Short: p.say("以管理员身份为账簿准备服务器：先显示，--yes 才设置", "prepare a server for a ledger, as an administrator: shown first, set with --yes"),
		Long: p.say(`--store（请用 RELIEFLEDGER_STORE）须是服务器管理员的地址；账簿有前缀（prefix=）时照写。NAME 是账簿自己的用户，须已在
服务器上建好。设置两项：把读取全部事件（$all）授予该用户与各 --reader（如审计）；默认访问列表：只有该用户可追加，
截断、删除只归管理员。默认访问列表也适用于服务器上他人的流，会列出这些流。已有他人所设的默认访问列表时不改写
（退出码 3），除非加 --force。重复运行无妨。`,
			`The address in --store (give it as RELIEFLEDGER_STORE) must be an administrator's, with the ledger's prefix= if
it has one. NAME is the ledger's own user, who must be there already. Two things are set: reading all events ($all)
is granted to this user and to each --reader, for instance auditors; and the default access list: only this user
appends, and only administrators truncate and delete. That list applies to others' streams on that server too: they
are told of. A default list that somebody else has set is not overwritten (exit code 3), unless with --force.
To run it again does no harm.`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			address, err := p.server()
			if err != nil {
				return err
			}
			for _, name := range append([]string{user}, readers...) {
				if name == "" || strings.HasPrefix(name, "$") {
					return office.Input("--user", "%q：须是用户名，不能是组", "%q: must be a user, not a group", name)
				}
			}
			plan, err := esdb.Prepare(cmd.Context(), address, user, readers, esdb.Options{})
			if err != nil {
				return err
			}
			if !p.json {
				sayPreparation(p, plan)
			}
			if yes {
				if err := plan.Set(cmd.Context(), address, force, esdb.Options{}); err != nil {
					return err
				}
			}
			return sayPrepared(p, plan, yes)
		},
	}
	c.Flags().StringVar(&user, "user", "", "the ledger's own user on the server 账簿自己的用户 (required)")
	c.Flags().StringArrayVar(&readers, "reader", nil, "who may read all of it too 另许读取者（可多次）")
	c.Flags().BoolVar(&yes, "yes", false, "set it 确认设置")
	c.Flags().BoolVar(&force, "force", false, "overwrite a default access list of somebody else 改写他人所设的默认访问列表")
	_ = c.MarkFlagRequired("user")
	return c
}

func sayPreparation(p *program, plan *esdb.Preparation) {
	for _, s := range []esdb.Setting{plan.All, plan.Defaults} {
		is := string(s.Is)
		if is == "" {
			is = p.say("（未设）", "(none is set)")
		}
		fmt.Printf(p.say("%s（%s）\n  现为 %s\n", "%s (%s)\n  is    %s\n"), s.Stream, s.Type, printable(is))
		if s.Needed() {
			fmt.Printf(p.say("  将为 %s\n", "  to be %s\n"), printable(string(s.ToBe)))
		}
		if s.Foreign && s.Needed() {
			fmt.Println(p.say("  注意：现有的是他人所设，改写会收回他人的权限（--force）", "  note: what is set is somebody else's; to overwrite it takes rights from others (--force)"))
		}
	}
	if plan.Held.ForeignStreams > 0 {
		fmt.Println(p.say("默认访问列表也适用于他人的流：", "the default access list applies to streams of others too: ") + p.foreign(plan.Held))
	}
}

func sayPrepared(p *program, plan *esdb.Preparation, set bool) error {
	if p.json {
		return writeJSON(os.Stdout, struct {
			*esdb.Preparation
			Needed bool `json:"needed"`
			Set    bool `json:"set"`
		}{plan, plan.Needed(), set && plan.Needed()})
	}
	switch {
	case !plan.Needed():
		fmt.Println(p.say("已准备好，无须设置。", "all of it is set already."))
	case !set:
		fmt.Println(p.say("尚未设置：加 --yes 设置。", "nothing was set: --yes sets it."))
	default:
		fmt.Println(p.say("已设置。请以账簿的用户运行 store check。", "it is set. Run store check as the ledger's user."))
	}
	return nil
}
