package main

import (
	"crypto/ed25519"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
)

func initCommand(p *program) *cobra.Command {
	var name, unit, kind, division string
	c := &cobra.Command{
		Use:   "init",
		Short: p.say("开立账簿：根单位和前两名登记员", "make a ledger: its root unit and the first two registrars"),
		Long: p.say(`在 --data 目录开立一本真实的账簿。前两名登记员共同签署第一条事件，须给出两把不同的密钥
（--key A --key B，先用 "officer key" 生成）。封装密钥存放在数据目录之外；请另存一份副本于别处：
没有它，任何个人信息都无法再打开。`, `Makes a real ledger in --data. The first two registrars sign the first event together: give two
different keys (--key A --key B, made by "officer key"). The wrapping key is kept outside the data
folder; keep a copy of it at another place: without it nothing private opens again.`),
		Example: "  reliefledger officer key a.key && reliefledger officer key b.key\n  reliefledger init --data ledger --name 内黄县救助资金账簿 --unit 内黄县民政局 --division 410527 --key a.key --key b.key",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts, err := p.options()
			if err != nil {
				return err
			}
			n := office.NewLedger{Name: name, Root: domain.NewUnit{Name: unit, Kind: kind, Division: division}, Post: p.say("登记员", "registrar")}
			if len(p.keys) == 2 { // else it says that two are needed
				for _, path := range p.keys {
					var key ed25519.PrivateKey
					if key, err = office.ReadKey(path); err != nil {
						return err
					}
					n.Registrars = append(n.Registrars, key)
				}
			}
			begun, err := office.Begin(cmd.Context(), p.home, n, opts)
			if err != nil {
				return err
			}
			if p.json {
				return writeJSON(os.Stdout, begun)
			}
			fmt.Printf(p.say("已开立账簿：%s\n  根单位 %s\n  登记员 %s\n         %s\n封装密钥：%s\n请把它另存一份到别处（如保险柜中的U盘），勿与备份同放。丢失它：余额、公示、资金使用报告照常，\n但姓名、证件号、电话、账号、所附文件都不能再打开，代发盘无法导出。删除个人信息（erase）后它会更换，副本须随之更换。\n",
				"the ledger is open: %s\n  root unit %s\n  registrars %s\n             %s\nwrapping key: %s\nKeep a copy of it at another place, and not with the backups. If it is lost, balances, notices and reports stay, but\nno name, number, phone, account or document opens again, and no file for the bank can be written. An erasure (erase)\nreplaces it, and its copy must be replaced too.\n"),
				name, begun.Unit, begun.Registrars[0], begun.Registrars[1], begun.WrappingKey)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", "name of the ledger 账簿名称")
	f.StringVar(&unit, "unit", "", "root unit 根单位")
	f.StringVar(&kind, "kind", "bureau", "kind of the unit 单位类型")
	f.StringVar(&division, "division", "", "division code 行政区划代码")
	for _, n := range []string{"name", "unit", "division"} {
		if err := c.MarkFlagRequired(n); err != nil {
			panic(err)
		}
	}
	return c
}
