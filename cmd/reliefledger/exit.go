package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/snapshot"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

// The exit codes, on which scripts may rely.
const (
	exitOK       = 0
	exitOther    = 1 // anything else: a disk, a bug
	exitUsage    = 2 // an unknown flag or command
	exitRefused  = 3 // the rules refuse; nothing was written
	exitInput    = 4 // the input cannot be read; nothing was written
	exitLedger   = 5 // no ledger there, held by another process, a newer or damaged one
	exitUnproven = 6 // a figure cannot be proven, or audit replay named an event
	exitKey      = 7 // a key is missing, wrong or not an officer's; a store denies access
	exitAway     = 8 // a store elsewhere cannot be reached; nothing was written, send it later
	exitUnknown  = 9 // the answer was lost; send the same again, it has one effect
)

const exitHelp = `Exit codes 退出码:
  0  done 完成
  1  another failure 其他错误
  2  wrong usage 用法错误
  3  refused by a rule, nothing written 规则拒绝，未写入
  4  input cannot be read, nothing written 输入有误，未写入
  5  no ledger, or it is held, newer or damaged 账簿不存在、被占用、版本较新或损坏
  6  a figure is not proven, or an audit named an event 有数字未能证明，或审计点名了事件
  7  a key is missing or wrong, or access is denied 密钥缺失或不符，或无权访问
  8  the store is away, nothing written: send it later 事件库不可达，未写入：稍后再发
  9  the answer was lost: send the same again, it has one effect 结果未知：请原样重发，不会重复`

// inputError says what of the input is wrong, and where.
type inputError struct {
	what, why string
	err       error
}

func (e *inputError) Error() string {
	if e.err != nil {
		return e.what + ": " + e.err.Error()
	}
	return e.what + ": " + e.why
}

func (e *inputError) Unwrap() error { return e.err }

// errUnproven is returned when a figure is not ok.
var errUnproven = errors.New("unproven")

// fail says what went wrong and returns the exit code.
func (p *program) fail(w io.Writer, err error) int {
	code := exitCode(err)
	if errors.As(err, new(saidError)) {
		return code
	}
	if p.json {
		var refusal *domain.Refusal
		out := map[string]any{"exit": code, "error": p.sentence(err)}
		if errors.As(err, &refusal) {
			out["refusal"] = refusal
		}
		var cells *badCells
		if errors.As(err, &cells) {
			out["cells"] = cells.cells
		}
		text, _ := json.Marshal(out)
		fmt.Fprintln(os.Stdout, string(text))
		return code
	}
	if code == exitUnproven {
		return code
	}
	fmt.Fprintln(w, p.say("错误：", "error: ")+p.sentence(err))
	return code
}

func exitCode(err error) int {
	var (
		refusal  *domain.Refusal
		input    *inputError
		cells    *badCells
		unsigned *ledger.Unsigned
		taken    *ledger.NumberTaken
		held     *eventstore.Held
		none     *eventstore.NotALedger
		newer    *eventstore.NewerFormat
		schema   *codec.NewerSchema
		corrupt  *eventstore.Corrupt
		filled   *eventstore.NotEmpty
		noVault  *vault.NotAVault
		noLedger *noLedgerError
		key      *keyError
		address  *esdb.BadAddress
		denied   *eventstore.Denied
		away     *eventstore.Unavailable
		dbAway   *vault.Unavailable
		unknown  *eventstore.OutcomeUnknown
		poisoned *eventstore.Poisoned
		differs  *eventstore.Differs
		noBackup *noBackupError
		damaged  *damagedError
		lost     *snapshot.Lost
		tail     *ledger.Lost
		account  *ledger.AccountTaken
		other    *ledger.OtherLedger
		notSeen  *notSeenError
		refused  *documents.Refused
		gone     *documents.Missing
		altered  *documents.Altered
		broken   *vault.Broken
	)
	switch {
	case errors.As(err, &unknown), errors.As(err, &poisoned): // first: it may wrap what is only its cause
		return exitUnknown
	case errors.As(err, &away), errors.As(err, &dbAway), errors.Is(err, context.DeadlineExceeded):
		return exitAway
	case errors.As(err, &denied), errors.Is(err, vault.ErrDenied):
		return exitKey
	case errors.As(err, &address), errors.As(err, &input), errors.As(err, &cells), errors.As(err, &refused), errors.Is(err, vault.ErrTooLong):
		return exitInput
	case errors.As(err, &refusal), errors.As(err, &taken), errors.As(err, &account):
		return exitRefused
	case errors.As(err, &unsigned), errors.As(err, &key), errors.As(err, &notSeen), errors.Is(err, vault.ErrWrongKey):
		return exitKey
	case errors.As(err, &held), errors.As(err, &none), errors.As(err, &newer), errors.As(err, &schema), errors.As(err, &corrupt), errors.As(err, &filled), errors.As(err, &noVault), errors.As(err, &noLedger), errors.As(err, &differs), errors.As(err, &noBackup), errors.As(err, &damaged), errors.As(err, &lost), errors.As(err, &broken), errors.As(err, &tail), errors.As(err, &other), errors.As(err, &gone), errors.As(err, &altered):
		return exitLedger
	case errors.Is(err, errUnproven):
		return exitUnproven
	case strings.HasPrefix(err.Error(), "unknown") || strings.Contains(err.Error(), "required flag") || strings.Contains(err.Error(), "arg(s)") || strings.Contains(err.Error(), "invalid argument"):
		return exitUsage
	}
	return exitOther
}

// sentence is what a person reads: a refusal in his language, with where it
// was met.
func (p *program) sentence(err error) string {
	var refusal *domain.Refusal
	if errors.As(err, &refusal) {
		where := strings.TrimSuffix(err.Error(), refusal.Error())
		return where + refusal.Sentence(p.lang()) + " [" + refusal.Code.Name + "]"
	}
	var held *eventstore.Held
	if errors.As(err, &held) && p.lang() == domain.Zh {
		return fmt.Sprintf("账簿目录 %s 正被进程 %d（%s）占用", held.Path, held.PID, held.Host)
	}
	var unsigned *ledger.Unsigned
	if errors.As(err, &unsigned) && p.lang() == domain.Zh {
		return fmt.Sprintf("命令未由经办人 %s 正确签名，未写入（%s）", unsigned.Officer, unsigned.Why)
	}
	var taken *ledger.NumberTaken
	if errors.As(err, &taken) && p.lang() == domain.Zh {
		return fmt.Sprintf("该身份证号已属于另一对象 %s，未写入", taken.Party)
	}
	var unknown *eventstore.OutcomeUnknown
	var poisoned *eventstore.Poisoned
	if errors.As(err, &unknown) || errors.As(err, &poisoned) {
		return p.say("不知是否已写入：请用同样的名称（as）原样重发，不会重复入账", "it is unknown whether it was written: send the same again under the same name (as), it has one effect") + fmt.Sprintf(" (%v)", err)
	}
	var away *eventstore.Unavailable
	if errors.As(err, &away) && p.lang() == domain.Zh {
		return fmt.Sprintf("事件库 %s 自 %s 起不可达，未写入，请稍后再发（%v）", away.Store, away.Since.In(domain.Shanghai).Format("2006-01-02 15:04:05"), away.Cause)
	}
	var denied *eventstore.Denied
	if errors.As(err, &denied) && p.lang() == domain.Zh {
		return fmt.Sprintf("事件库拒绝访问，未写入：检查 --store 中的用户与口令（%v）", denied.Cause)
	}
	return err.Error()
}
