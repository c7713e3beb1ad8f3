package domain

import "slices"

// Charges returns the codes with which only a [Judge] charges an event. No command is
// ever refused with one.
func Charges() []*Code { return slices.Clone(charges) }

var charges []*Code

// charge defines a code that only a judge uses. [Codes] does not return it.
func charge(rule int, name, zh, en string) *Code {
	c := newCode(rule, name, zh, en)
	delete(codes, name)
	charges = append(charges, c)
	return c
}

// What events are charged with.
var (
	Unreadable     = charge(0, "unreadable", "不能读作事件：{why}", "it cannot be read: {why}")
	ForeignBytes   = charge(0, "foreign-bytes", "字节不是本程序的写法：{why}", "its bytes are not what this program writes: {why}")
	NotFolded      = charge(0, "not-folded", "与此前的账不能衔接：{why}", "it does not follow from what is there: {why}")
	Unbalanced     = charge(1, "unbalanced", "借贷不平，{item} 差 {sum}", "its postings of {item} sum to {sum}")
	StreamUnknown  = charge(0, "stream-unknown", "账簿没有这种流：{stream}", "the ledger has no such stream: {stream}")
	RevisionWrong  = charge(0, "revision-wrong", "流内序号应为 {want}，实为 {have}", "its revision is {have}, not {want}")
	EventTwice     = charge(4, "event-twice", "事件标识已用过：{id}", "there is an event with this id already: {id}")
	TimeBackwards  = charge(7, "time-backwards", "记录时间 {have} 早于同一流的上一事件 {before}", "it is recorded at {have}, before the stream's last event at {before}")
	SaltMissing    = charge(0, "salt-missing", "盐应为 16 字节，实为 {bytes}", "its salt has {bytes} bytes, not 16")
	SchemaUnknown  = charge(0, "schema-unknown", "没有这一格式版本：{schema}", "there is no such schema: {schema}")
	NobodyAnswers  = charge(0, "nobody-answers", "须出自一条命令或一个流程，二者居一", "either a command or a process answers for an event, not both and not neither")
	TextMissing    = charge(0, "text-missing", "缺少经办人签名的命令原文", "the text that the officers signed is missing")
	TextWrong      = charge(0, "text-wrong", "命令原文有误：{why}", "the signed text is wrong: {why}")
	DigestWrong    = charge(5, "digest-wrong", "摘要与命令原文不符", "the digest is not that of the signed text")
	NotSigned      = charge(0, "not-signed", "经办人 {officer} 未签名", "the officer {officer} has not signed")
	SignatureBad   = charge(0, "signature-wrong", "经办人 {officer} 的签名不成立", "the signature of the officer {officer} is wrong")
	NotOfficersKey = charge(0, "key-not-his", "不是经办人 {officer} 当时的密钥", "the key was not that of the officer {officer} at the time")
	SaysOtherwise  = charge(5, "says-otherwise", "{field} 记为 {have}，签名的命令为 {want}", "its {field} is {have}, the signed command has {want}")
	EventDiffers   = charge(0, "event-differs", "{field} 记为 {have}，按规则应为 {want}", "its {field} is {have}, the rules make it {want}")
	ListDiffers    = charge(5, "list-differs", "名单与签名时的 {count} 行不同", "its list is not the one of {count} rows that was signed")
	CommandTwice   = charge(5, "command-twice", "命令 {command} 此前已执行完毕，只有一次效力", "the command {command} had its one effect before")
	EventExtra     = charge(5, "event-extra", "命令 {command} 不产生这一事件", "the command {command} does not lead to this event")
	EventsMissing  = charge(0, "events-missing", "命令 {command} 还缺 {count} 个事件", "{count} events of the command {command} are missing")
	StepNotOwed    = charge(0, "step-not-owed", "没有流程应写此事件（起因 {cause}）", "no process owes this (cause {cause})")
)
