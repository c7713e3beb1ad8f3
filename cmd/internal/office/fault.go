package office

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/snapshot"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

// Kind is what became of what somebody asked for, as far as the asker can act on
// it. Scripts rely on the numbers: they are the exit codes of the programs.
type Kind uint8

// The kinds.
const (
	Done       Kind = 0 // done
	Failed     Kind = 1 // anything else: a disk, a fault of ours
	Misused    Kind = 2 // an unknown flag or command
	Refused    Kind = 3 // the rules refuse; nothing was written
	Unreadable Kind = 4 // the input cannot be read; nothing was written
	NoLedger   Kind = 5 // no ledger there, held by another process, newer or damaged
	Unproven   Kind = 6 // a figure cannot be proven, or an audit named an event
	NoKey      Kind = 7 // a key is missing, wrong or not an officer's; access is denied
	Away       Kind = 8 // the store or the vault cannot be reached; nothing was written, send it later
	Unknown    Kind = 9 // the answer was lost; send the same again, it has one effect
)

// kinds say each kind to people; status is that of an answer by HTTP where no row of
// the table of errors says it closer.
var kinds = [...]struct {
	status int
	zh, en string
}{
	Done:       {200, "完成", "done"},
	Failed:     {500, "其他错误", "another failure"},
	Misused:    {400, "用法错误", "wrong usage"},
	Refused:    {422, "规则拒绝，未写入", "refused by a rule, nothing written"},
	Unreadable: {400, "输入有误，未写入", "input cannot be read, nothing written"},
	NoLedger:   {500, "账簿不存在、被占用、版本较新或损坏", "no ledger, or it is held, newer or damaged"},
	Unproven:   {409, "有数字未能证明，或审计点名了事件", "a figure is not proven, or an audit named an event"},
	NoKey:      {403, "密钥缺失或不符，或无权访问", "a key is missing or wrong, or access is denied"},
	Away:       {503, "事件库不可达，未写入：稍后再发", "the store is away, nothing written: send it later"},
	Unknown:    {504, "结果未知：请原样重发，不会重复", "the answer was lost: send the same again, it has one effect"},
}

// Kinds are all kinds, in the order of their numbers.
func Kinds() []Kind {
	list := make([]Kind, len(kinds))
	for i := range kinds {
		list[i] = Kind(i)
	}
	return list
}

// Exit is the exit code of a program that ends so.
func (k Kind) Exit() int { return int(k) }

// Say says the kind in a language.
func (k Kind) Say(l domain.Lang) string {
	if l == domain.En {
		return kinds[k].en
	}
	return kinds[k].zh
}

// fault is a row of the table of errors: how an error is recognised, what it
// means for who asked, the status of an answer by HTTP, and the sentence that people
// read.
type fault struct {
	kind   Kind
	status int
	find   func(err error) error // the error of this row in a chain; nil: not there
	// say is the sentence, of which whole is the error with all that was wrapped
	// around it; nil: the error says it.
	say func(found, whole error, l domain.Lang) string
}

// statusCanceled is the answer that nobody waits for any more: HTTP has no status for
// it, and servers write this one into their logs.
const statusCanceled = 499

// faults is the table of errors: the first row that finds its error counts. An
// unknown outcome stands first, since it may wrap what is only its cause.
//
// A status says who can do something about it: 400 what was sent cannot be read, 403
// who asks may not, 404 there is no such thing, 409 it is somebody else's already or
// not as it was said, 422 a rule refuses it, 503 the same again later, 504 the answer
// did not come (send the same again), 500 and 502 nobody who asks: the ledger, or the
// place behind it, needs its keeper.
var faults = []fault{
	when[*eventstore.OutcomeUnknown](Unknown, 504, sayUnknown),
	when[*eventstore.Poisoned](Unknown, 504, sayUnknown),
	when(Away, 503, func(e *eventstore.Unavailable, l domain.Lang) string {
		return choose(l, fmt.Sprintf("事件库 %s 自 %s 起不可达，未写入，请稍后再发（%v）", e.Store, e.Since.In(domain.Shanghai).Format("2006-01-02 15:04:05"), e.Cause), e.Error())
	}),
	when[*vault.Unavailable](Away, 503, nil),
	whenIs(Away, 504, context.DeadlineExceeded),
	whenIs(Failed, statusCanceled, context.Canceled),
	when(NoKey, 502, func(e *eventstore.Denied, l domain.Lang) string {
		if e.All {
			return choose(l, fmt.Sprintf("事件库不许该用户读取全部事件（$all），未写入：请服务器管理员为其运行 %s；地址中没有用户名时请先写上（%v）", words.PrepareStore, e.Cause),
				fmt.Sprintf("the event store does not let this user read all events ($all), nothing was written: its administrator grants that with %s; where the address names no user, give one (%v)", words.PrepareStore, e.Cause))
		}
		return choose(l, fmt.Sprintf("事件库拒绝访问，未写入：检查 %s 中的用户与口令（%v）", words.Store, e.Cause), e.Error())
	}),
	whenIs(NoKey, 502, vault.ErrDenied).says("保险库的数据库拒绝访问"),
	when[*UsageError](Misused, 400, nil),
	when[*esdb.BadAddress](Unreadable, 400, nil),
	when[*NotFound](Unreadable, 404, nil),
	when[*InputError](Unreadable, 400, nil),
	when[*BadCells](Unreadable, 400, nil),
	when(Unreadable, 400, func(e *documents.Refused, l domain.Lang) string { return choose(l, e.Zh, e.En) }),
	whenIs(Unreadable, 400, vault.ErrTooLong).says("内容过长，不能封存"),
	when(Refused, 422, func(e *domain.Refusal, l domain.Lang) string { return e.Sentence(l) + " [" + e.Code.Name + "]" }),
	when(Refused, 409, func(e *ledger.NumberTaken, l domain.Lang) string {
		return choose(l, fmt.Sprintf("该身份证号已属于另一对象 %s，未写入", e.Party), e.Error())
	}),
	when(Refused, 409, func(e *ledger.AccountTaken, l domain.Lang) string {
		return choose(l, "该账号刚由另一命令登记，请重发", e.Error())
	}),
	whenIs(Unreadable, 409, ledger.ErrPrepared).says("命令已封装过，请重新生成"),
	when(NoKey, 403, func(e *ledger.Unsigned, l domain.Lang) string {
		return choose(l, fmt.Sprintf("命令未由经办人 %s 正确签名，未写入（%s）", e.Officer, e.Why), e.Error())
	}),
	when[*KeyError](NoKey, 403, nil),
	when[*NotSeen](NoKey, 403, nil),
	whenIs(NoKey, 500, vault.ErrWrongKey).says("封装密钥不是此保险库的"),
	when(NoLedger, 503, func(e *eventstore.Held, l domain.Lang) string {
		return choose(l, fmt.Sprintf("账簿目录 %s 正被进程 %d（%s）占用", e.Path, e.PID, e.Host), e.Error())
	}),
	when(NoLedger, 500, func(e *eventstore.Tombstoned, l domain.Lang) string {
		return choose(l, fmt.Sprintf("流 %s 在事件库中已被永久删除（墓碑），不能再写入，未写入：请勿清理（scavenge），先把全部事件搬到别处", e.Stream),
			fmt.Sprintf("stream %s was deleted for good on the event store (a tombstone) and takes no events any more, nothing was written: let nobody scavenge, and move all events to another store first", e.Stream))
	}),
	when[*eventstore.NotALedger](NoLedger, 500, nil),
	when[*eventstore.NewerFormat](NoLedger, 500, nil),
	when[*codec.NewerSchema](NoLedger, 500, nil),
	when(NoLedger, 500, func(e *eventstore.Corrupt, l domain.Lang) string {
		return choose(l, fmt.Sprintf("数据损坏：%s（%v）。勿再记录，先另存此目录，再从备份恢复（restore）", e.Where, e.Cause),
			fmt.Sprintf("%v. Record nothing more, keep a copy of this folder, and restore a backup (restore)", e))
	}),
	when[*eventstore.NotEmpty](NoLedger, 409, nil),
	when(Refused, 409, func(e *esdb.ForeignAccess, l domain.Lang) string {
		return choose(l, fmt.Sprintf("服务器已有他人的默认访问列表，未改动：%s；将设为 %s（%s 改写）", e.Is, e.ToBe, words.Force),
			fmt.Sprintf("the server has a default access list of somebody else, nothing was set: %s; to be set is %s (%s overwrites it)", e.Is, e.ToBe, words.Force))
	}),
	when[*eventstore.Differs](NoLedger, 409, nil),
	when[*vault.NotAVault](NoLedger, 500, nil),
	when[*vault.Broken](NoLedger, 500, nil),
	when(NoLedger, 500, func(e *snapshot.Lost, l domain.Lang) string {
		return choose(l, fmt.Sprintf("事件库缺失事件，或已是另一段历史：快照 %s 记有第 %d 号事件 %s，现为：%s。请先与备份核对；删除该文件即按现有事件继续",
			e.Path, e.Count-1, e.Event, cmp.Or(e.Found, "空")), e.Error())
	}),
	when(NoLedger, 500, func(e *ledger.Lost, l domain.Lang) string {
		return choose(l, fmt.Sprintf("事件库缺失事件，或已是另一段历史：保险库记有第 %d 号事件 %s，现为：%s。请先与备份核对；%s 即按现有事件继续",
			e.Count-1, e.Event, cmp.Or(e.Found, "空"), words.AcceptLost), fmt.Sprintf("%v; %s goes on with what is there", e, words.AcceptLost))
	}),
	when(NoLedger, 500, func(e *ledger.OtherLedger, l domain.Lang) string {
		return choose(l, fmt.Sprintf("事件库中是另一本账簿 %s，保险库属于 %s", e.Store, e.Vault), e.Error())
	}),
	when[*NoLedgerError](NoLedger, 500, nil),
	when(NoLedger, 500, func(e *documents.Missing, l domain.Lang) string {
		return fmt.Sprintf(choose(l, "文件缺失：%x", "the document is missing: %x"), e.Tag)
	}),
	when(NoLedger, 500, func(e *documents.Altered, l domain.Lang) string {
		return fmt.Sprintf(choose(l, "文件被改动（%s）：%x", "the document was altered (%s): %x"), e.Why, e.Tag)
	}),
	whenIs(Unproven, 409, ErrUnproven),
}

// Sayer is an error of the programs that has a sentence of its own in each
// language, and Kinded one that says what it means for who asked, because the
// table cannot know its package.
type (
	Sayer interface {
		error
		Say(l domain.Lang) string
	}
	Kinded interface {
		error
		Kind() Kind
	}
)

func choose(l domain.Lang, zh, en string) string {
	if l == domain.En {
		return en
	}
	return zh
}

func when[E error](k Kind, status int, say func(e E, l domain.Lang) string) fault {
	f := fault{kind: k, status: status, find: func(err error) error {
		var e E
		if errors.As(err, &e) {
			return e
		}
		return nil
	}}
	if say != nil {
		f.say = func(found, whole error, l domain.Lang) string {
			return strings.TrimSuffix(whole.Error(), found.Error()) + say(found.(E), l)
		}
	}
	return f
}

func whenIs(k Kind, status int, target error) fault {
	return fault{kind: k, status: status, find: func(err error) error {
		if errors.Is(err, target) {
			return target
		}
		return nil
	}}
}

// says gives the row of an error that is one value its sentence in Chinese.
func (f fault) says(zh string) fault {
	f.say = func(found, whole error, l domain.Lang) string {
		return choose(l, strings.TrimSuffix(whole.Error(), found.Error())+zh, whole.Error())
	}
	return f
}

func sayUnknown[E error](e E, l domain.Lang) string {
	return choose(l, "不知是否已写入：请用同样的名称（as）原样重发，不会重复入账", "it is unknown whether it was written: send the same again under the same name (as), it has one effect") + fmt.Sprintf(" (%v)", error(e))
}

// look finds the row of an error.
func look(err error) (row fault, found error) {
	for _, f := range faults {
		if found := f.find(err); found != nil {
			return f, found
		}
	}
	var own Kinded
	if errors.As(err, &own) {
		return fault{kind: own.Kind(), status: kinds[own.Kind()].status}, own
	}
	return fault{kind: Failed, status: kinds[Failed].status}, nil
}

// KindOf says what an error means for who asked; nil is [Done].
func KindOf(err error) Kind {
	if err == nil {
		return Done
	}
	row, _ := look(err)
	return row.kind
}

// Status is the status of an answer by HTTP to who is told of the error; nil is 200.
func Status(err error) int {
	if err == nil {
		return kinds[Done].status
	}
	row, _ := look(err)
	return row.status
}

// Sentence is what people read of an error, in one language where the error has
// both, behind where it was met. Fields stand in it as package words names them: a front
// puts its own names there. An error that speaks for what it wraps is heard
// first, but for a lost answer and a store that is away: what caused those is only
// their cause.
func Sentence(err error, l domain.Lang) string {
	// Of several errors each has its sentence, one a line.
	if several, ok := err.(interface{ Unwrap() []error }); ok && len(several.Unwrap()) > 1 {
		var lines []string
		for _, e := range several.Unwrap() {
			if e != nil {
				lines = append(lines, Sentence(e, l))
			}
		}
		if len(lines) > 1 && err.Error() == joined(several.Unwrap()) {
			return strings.Join(lines, "\n")
		}
	}
	row, found := look(err)
	var own Sayer
	if errors.As(err, &own) && row.kind != Unknown && row.kind != Away {
		return strings.TrimSuffix(err.Error(), own.Error()) + own.Say(l)
	}
	if row.say != nil {
		return row.say(found, err, l)
	}
	return err.Error()
}

// joined is what errors.Join says.
func joined(errs []error) string { return errors.Join(errs...).Error() }

// ErrUnproven is returned when a figure is not proven, a document not found, or
// an audit named something.
var ErrUnproven = errors.New("unproven")

// UsageError says that a command was called in another way than it can be.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// InputError says what of the input is wrong: What is where, the name of a file or
// what was asked for, or a field as [words.Field] says it; the sentence is Zh and En, or
// Err has it.
type InputError struct {
	What   string
	Zh, En string
	Err    error
}

// Input returns an [InputError] with a sentence in each language, which are
// formats of args.
func Input(what, zh, en string, args ...any) *InputError {
	if len(args) > 0 {
		zh, en = fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)
	}
	return &InputError{What: what, Zh: zh, En: en}
}

// InputErr returns an [InputError] whose sentence another error has.
func InputErr(what string, err error) *InputError { return &InputError{What: what, Err: err} }

func (e *InputError) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What + ": " + e.En
}

func (e *InputError) Unwrap() error { return e.Err }

// Say is the sentence behind where the fault is.
func (e *InputError) Say(l domain.Lang) string {
	if e.Err != nil {
		return e.What + ": " + Sentence(e.Err, l)
	}
	return e.What + ": " + choose(l, e.Zh, e.En)
}

// NoLedgerError says that a folder holds no ledger, or another one.
type NoLedgerError struct {
	Dir    string // empty: none was named
	Zh, En string
}

func (e *NoLedgerError) Error() string { return e.Say(domain.En) }

// Say is the sentence in a language.
func (e *NoLedgerError) Say(l domain.Lang) string {
	if e.Dir == "" {
		return choose(l, e.Zh, e.En)
	}
	return choose(l, e.Dir+" 不是账簿目录："+e.Zh, e.Dir+" is no ledger: "+e.En)
}

// KeyError says what is wrong with a key, or with the file that has it.
type KeyError struct {
	Path   string // a file, or a field as words.Field says it
	Zh, En string
	Err    error // instead of them
}

func (e *KeyError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("key %s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("key %s: %s", e.Path, e.En)
}

func (e *KeyError) Unwrap() error { return e.Err }

// Say is the sentence in a language.
func (e *KeyError) Say(l domain.Lang) string {
	why := choose(l, e.Zh, e.En)
	if e.Err != nil {
		why = Sentence(e.Err, l)
	}
	return choose(l, "密钥 ", "key ") + e.Path + choose(l, "：", ": ") + why
}

// NotSeen says that who asks may not see what was asked for.
type NotSeen struct {
	Officer domain.ID // zero: nobody proved a key
	Zh, En  string    // what
}

func (e *NotSeen) Error() string { return e.Say(domain.En) }

// Say is the sentence in a language.
func (e *NotSeen) Say(l domain.Lang) string {
	who := fmt.Sprintf(choose(l, "未出示经办人密钥（%s）", "no officer's key was given (%s)"), words.Key)
	if e.Officer != (domain.ID{}) {
		who = choose(l, "经办人 ", "officer ") + e.Officer.String()
	}
	return who + choose(l, "：无权查看 ", ": may not see ") + choose(l, e.Zh, e.En)
}

// Note is what people should know of that is no error: something that was done
// for them, or that they must see to.
type Note struct {
	Warning bool
	Zh, En  string
}

// Say is the sentence in a language.
func (n Note) Say(l domain.Lang) string { return choose(l, n.Zh, n.En) }

// Warning is a note of an error that ends nothing.
func Warning(err error) Note {
	return Note{Warning: true, Zh: Sentence(err, domain.Zh), En: Sentence(err, domain.En)}
}
