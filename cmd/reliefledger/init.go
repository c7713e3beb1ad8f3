package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
)

func (p *program) initCommand() *cobra.Command {
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
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if len(p.keys) != 2 {
				return &keyError{"--key", errors.New(p.say("须给出两名登记员的两把密钥", "the keys of two registrars are needed"))}
			}
			a, begun := about{Ledger: uuid.New()}, false
			if before, err := p.about(); err == nil {
				a, begun = before, true // perhaps one whose first event's answer was lost
			} else if a.WrappingKey, err = p.wrappingKeyPath(a.Ledger); err != nil {
				return err
			}
			o := &domain.Order{ID: commandNamed(a.Ledger, "open"), Date: domain.DayOf(time.Now())}
			open := &domain.OpenLedger{Ledger: a.Ledger, Name: name, Root: domain.NewUnit{Name: unit, Kind: kind, Division: division}}
			var signers []ledger.Signer
			for i, path := range p.keys {
				key, err := readKey(path)
				if err != nil {
					return err
				}
				id := domain.Made(o.ID, fmt.Sprintf("officer/%d", i+1))
				open.Registrars = append(open.Registrars, domain.Registree{Officer: id, Key: key.Public().(ed25519.PublicKey), Post: p.say("登记员", "registrar")})
				signers = append(signers, ledger.Signer{Officer: id, Key: key})
			}
			o.Actor, o.Body = signers[0].Officer, open
			// The order is judged before a folder is made for it.
			if _, err := domain.NewLedger().Decide(o, domain.Env{Now: time.Now(), Calendar: domain.DefaultCalendar()}); err != nil {
				return err
			}
			var l *opened
			if begun {
				l, err = p.open(cmd.Context())
			} else {
				l, err = p.create(cmd.Context(), &a)
			}
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, l.Close()) }()
			if begun {
				l.View(func(s *domain.Ledger) { begun = s.Opened == nil })
				if !begun {
					return &eventstore.NotEmpty{Path: p.data, Found: ledgerFile}
				}
			}
			if _, err := l.Do(cmd.Context(), o, signers...); err != nil {
				return err
			}
			if p.json {
				return writeJSON(os.Stdout, map[string]any{"ledger": a.Ledger, "unit": domain.Made(o.ID, "unit"), "registrars": []uuid.UUID{signers[0].Officer, signers[1].Officer}, "wrapping_key": a.WrappingKey})
			}
			fmt.Printf(p.say("已开立账簿：%s\n  根单位 %s\n  登记员 %s\n         %s\n封装密钥：%s\n请把它另存一份到别处（如保险柜中的U盘），勿与备份同放。丢失它：余额、公示、资金使用报告照常，\n但姓名、证件号、电话、账号、所附文件都不能再打开，代发盘无法导出。删除个人信息（erase）后它会更换，副本须随之更换。\n",
				"the ledger is open: %s\n  root unit %s\n  registrars %s\n             %s\nwrapping key: %s\nKeep a copy of it at another place, and not with the backups. If it is lost, balances, notices and reports stay, but\nno name, number, phone, account or document opens again, and no file for the bank can be written. An erasure (erase)\nreplaces it, and its copy must be replaced too.\n"),
				name, domain.Made(o.ID, "unit"), signers[0].Officer, signers[1].Officer, a.WrappingKey)
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

// wrappingKeyPath is where the wrapping key goes: the flag, or the user's
// folder for configuration; never the data folder.
func (p *program) wrappingKeyPath(id uuid.UUID) (string, error) {
	path := p.wrapping
	if path == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return "", &keyError{"--wrapping-key", err}
		}
		path = filepath.Join(dir, "reliefledger", id.String()+".wrapping-key")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	data, err := filepath.Abs(p.data)
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(data, path); err == nil && filepath.IsLocal(rel) {
		return "", &keyError{path, errors.New(p.say("封装密钥不得放在数据目录内", "the wrapping key must not stand in the data folder"))}
	}
	return path, nil
}

func (p *program) officerCommand() *cobra.Command {
	c := &cobra.Command{Use: "officer", Short: p.say("经办人", "officers"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(&cobra.Command{
		Use:   "key FILE",
		Short: p.say("生成经办人的签名密钥文件，并显示公钥", "make an officer's signing key and show its public part"),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			public, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			if err := writeKey(args[0], key); err != nil {
				return err
			}
			if p.json {
				return writeJSON(os.Stdout, map[string]string{"file": args[0], "public": base64.StdEncoding.EncodeToString(public)})
			}
			fmt.Printf(p.say("私钥已写入 %s（仅本人可读，切勿外传）\n公钥：%s\n", "the private key is in %s (only you may read it)\npublic key: %s\n"), args[0], base64.StdEncoding.EncodeToString(public))
			return nil
		},
	})
	c.AddCommand(&cobra.Command{
		Use:   "show FILE",
		Short: p.say("显示密钥文件的公钥", "show the public part of a key file"),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := readKey(args[0])
			if err != nil {
				return err
			}
			public := base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
			if p.json {
				return writeJSON(os.Stdout, map[string]string{"file": args[0], "public": public})
			}
			fmt.Println(public)
			return nil
		},
	})
	return c
}
