package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger/replay"
)

// auditGC lets the heap grow to five times what is kept before it is collected: a
// replay keeps little of what it reads, and the process ends with it.
const auditGC = 400

func auditCommand(p *program) *cobra.Command {
	rules := &cobra.Command{
		Use:   "replay",
		Short: p.say("全部事件按规则重演一遍：点名规则不会放行的每个事件", "everything once more through the rules: each event that they would not have let in is named"),
		Long: p.say(`每条命令从其签名原文读回，在其之前的账上重新决定一次，结果须与所存事件逐字段相同；
流程的每个事件须正是应写的那一步。签名、摘要、名单哈希、当时的职责与密钥、记录时间、字节写法、借贷平衡一并核对。
密封值只核对有无与归属，不打开。违规补记按其声明判定（见 show irregular）。事件库在别处时，对账簿的流所设的保留期限、
删除与墓碑也点名。点名时退出码为 6。`,
			`Each command is read back from its signed text and decided again from the books before it; what it leads
to must be the stored events, field by field. Each event of a process must be the step that was owed.
Signatures, digests, hashes of lists, roles and keys of the time, recorded times, the bytes and the
postings are verified too. Of sealed values it is checked that they are there and whose, never what.
Irregular records are judged with their claims (see show irregular). Of a store elsewhere retention, deletes
and tombstones of the ledger's streams are named too. Exit code 6 if something is named.`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.reading(cmd.Context(), func(r *office.Reader) error {
				debug.SetGCPercent(auditGC)
				began := time.Now()
				result, err := r.Replay(cmd.Context())
				if err != nil {
					return err
				}
				if err := sayReplay(p, result, time.Since(began)); err != nil {
					return err
				}
				lost := r.LostTail(cmd.Context(), result.State, eventstore.Position{})
				if lost != nil {
					p.tell(office.Warning(lost))
				}
				if len(result.Findings) > 0 || len(result.Dangers) > 0 || lost != nil {
					return saidError{office.ErrUnproven}
				}
				return nil
			})
		},
	}
	store := &cobra.Command{
		Use:   "store",
		Short: p.say("读遍事件库的每个字节：点名损坏之处", "read every byte of the event store: what is damaged is named"),
		Long: p.say(`数据库每个文件逐块按校验和重读；每条记录须能解码，序号与各流修订号无缺口，流索引与记录双向一致，
事件数不少于上次关闭时；此外不得有别的键。其他进程占用目录时，经检查点核对同样的文件。
事件库在别处（esdb://…）时，比对正读、倒读与逐流读的结果。保险库不在其内。损坏时退出码为 5。`,
			`Every file of the database is read again, block by block against its checksums; each record must decode,
numbers and revisions have no gaps, the index of streams and the records agree both ways, and no event is
missing that was there when the store was closed. Where another process holds the folder the same files are
read through a checkpoint. Of a store elsewhere (esdb://…) what it answers forwards, backwards and by
stream must be the same. The vault is not part of it. Exit code 5 if something is damaged.`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.reading(cmd.Context(), func(r *office.Reader) error {
				s, err := r.AuditStore(cmd.Context())
				if err != nil {
					return err
				}
				if err := sayStore(p, s); err != nil {
					return err
				}
				if len(s.Damaged) > 0 {
					return saidError{&eventstore.Corrupt{Where: s.Damaged[0].Where, Cause: errors.New(s.Damaged[0].Why)}}
				}
				return nil
			})
		},
	}
	docs := &cobra.Command{
		Use:   "documents",
		Short: p.say("每份所附文件：在不在、打不打得开、是否原样", "every document that an event names: is it there, does it open, is it what was given"),
		Long: p.say(`逐份解密核对（内容不显示）。缺失、被改动的点名其事件；存放他处的凭证列为缺失凭证；已删除案卷的文件说明为已删除。
有缺失或改动时退出码为 6。`, `Each is decrypted and compared, and not shown. Missing and altered ones are named by their events; what is held elsewhere
is listed as missing evidence; documents of an erased case are said to be erased. Exit code 6 if one is missing or
altered.`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.working(cmd.Context(), func(s *office.Session) error {
				d, err := s.AuditDocuments(cmd.Context())
				if err != nil {
					return err
				}
				if err := sayDocuments(p, d); err != nil {
					return err
				}
				if d.Bad() > 0 {
					return saidError{office.ErrUnproven}
				}
				return nil
			})
		},
	}
	return group("audit", p.say("审计", "audit"), rules, store, docs)
}

func sayReplay(p *program, r *replay.Result, took time.Duration) error {
	if p.json {
		return writeJSON(os.Stdout, r)
	}
	for _, f := range r.Findings {
		fmt.Printf("〔%d〕 %s  %s@%d\n    %s [%s", f.Number, f.Type, f.Stream, f.Revision, f.Refusal.Sentence(p.lang()), f.Refusal.Code.Name)
		if f.Refusal.Code.Rule > 0 {
			fmt.Printf(p.say("，规则 %d", ", rule %d"), f.Refusal.Code.Rule)
		}
		fmt.Println("]")
		if f.Unseen > 0 {
			fmt.Printf(p.say("    决定时未见此前 %d 个事件：可能是同时写入所致\n", "    its decision had not seen %d events before it: others may have written at the same time\n"), f.Unseen)
		}
	}
	for _, d := range r.Dangers {
		fmt.Println(harmless(office.SayDanger(d, p.lang())))
	}
	fmt.Printf(p.say("已重演 %d 个事件（命令 %d、流程 %d），核对签名 %d 个，用时 %.1f 秒；点名 %d 处", "replayed %d events (of commands %d, of processes %d), verified %d signatures, %.1f s; named %d"),
		r.Events, r.Commands, r.Steps, r.Signatures, took.Seconds(), len(r.Findings)+len(r.Dangers))
	if r.Owed > 0 {
		fmt.Printf(p.say("；流程尚欠 %d 步", "; processes owe %d steps"), r.Owed)
	}
	fmt.Println()
	return nil
}

func sayStore(p *program, s *office.StoreAudit) error {
	if p.json {
		return writeJSON(os.Stdout, s)
	}
	for _, d := range s.Damaged {
		fmt.Printf(p.say("损坏：%s：%s\n", "damaged: %s: %s\n"), d.Where, d.Why)
	}
	fmt.Printf(p.say("已读 %d 个事件、%d 个流，日志条目累计 SHA-256 %s", "read %d events in %d streams, running SHA-256 of the log entries %s"), s.Events, s.Streams, s.SHA256)
	if s.Asked {
		fmt.Print(p.say("；事件库在别处：正读、倒读、逐流读已比对，其文件未见", "; the store is elsewhere: its answers forwards, backwards and by stream were compared, its files not seen"))
	} else {
		fmt.Printf(p.say("；数据库文件 %d 个、%d 字节逐块校验", "; %d files of the database, %d bytes, checked block by block"), s.Tables, s.Bytes)
	}
	fmt.Printf(p.say("；损坏 %d 处\n", "; damaged: %d\n"), len(s.Damaged))
	return nil
}

func sayDocuments(p *program, d *office.DocumentsAudit) error {
	if p.json {
		return writeJSON(os.Stdout, d)
	}
	t := table.New(p.say("序号", "number"), p.say("事件", "event"), p.say("状态", "state"), p.say("说明", "why")).Figures(0)
	for _, a := range d.Named {
		mark := yellow
		if a.State.Bad() {
			mark = red
		}
		t.Row(fmt.Sprint(a.Number), a.Type, colour(mark, a.State.Say(p.lang())), printable(a.Why))
	}
	if len(d.Named) > 0 {
		if err := p.table(t); err != nil {
			return err
		}
	}
	fmt.Printf(p.say("账上附有文件 %d 次：完好 %d，缺失 %d，改动 %d，密钥不在 %d，已删除 %d；存放他处（缺失凭证）%d；无事件引用的文件 %d，异物 %d\n",
		"documents named %d times: whole %d, missing %d, altered %d, without their key %d, erased %d; held elsewhere (missing evidence) %d; files that no event names %d, strange files %d\n"),
		d.Times(), d.Counts[office.DocumentWhole], d.Counts[office.DocumentMissing], d.Counts[office.DocumentAltered], d.Counts[office.DocumentKeyGone], d.Counts[office.DocumentErased],
		d.Counts[office.DocumentElsewhere], d.Unused, d.Strange)
	return nil
}
