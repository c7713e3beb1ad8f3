package office

import (
	"fmt"
	"time"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// TellDangers tells of dangers to the ledger's streams that the store has met so
// far, of each once. A ledger is opened all the same: its events are still there,
// and can be moved to another store.
func (r *Reader) TellDangers() {
	for _, d := range r.untold() {
		r.opts.tell(Note{Warning: true, Zh: SayDanger(d, domain.Zh), En: SayDanger(d, domain.En)})
	}
}

// untold are the dangers that nobody was told of yet. They count as told from now on.
func (r *Reader) untold() (dangers []eventstore.Danger) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range eventstore.DangersOf(r.store) {
		if r.told == nil {
			r.told = map[eventstore.Danger]bool{}
		}
		if !r.told[d] {
			r.told[d] = true
			dangers = append(dangers, d)
		}
	}
	return dangers
}

// SayDanger says what a store was told to do with a stream, and what now.
func SayDanger(d eventstore.Danger, l domain.Lang) string {
	switch {
	case d.Tombstone:
		return choose(l, fmt.Sprintf("流 %s 已被永久删除（墓碑）：不能再写入，清理（scavenge）后其事件即消失。请先把全部事件搬到别处", d.Stream),
			fmt.Sprintf("stream %s was deleted for good (a tombstone): it takes no events any more, and a scavenge removes those it has. Move all events to another store first", d.Stream))
	case d.Deleted():
		return choose(l, fmt.Sprintf("流 %s 已被删除（$tb）：清理（scavenge）后其事件即消失。请管理员撤销其元数据，或先把全部事件搬到别处", d.Stream),
			fmt.Sprintf("stream %s was deleted ($tb): a scavenge removes its events. Let the administrator take its metadata back, or move all events to another store first", d.Stream))
	}
	zh, en := "", ""
	if d.MaxAge > 0 {
		age := time.Duration(min(d.MaxAge, int64(time.Duration(1<<63-1)/time.Second))) * time.Second
		zh, en = zh+fmt.Sprintf("只留 %v 内的（$maxAge）", age), en+fmt.Sprintf(" what is older than %v ($maxAge)", age)
	}
	if d.MaxCount > 0 {
		zh, en = zh+fmt.Sprintf("只留最后 %d 个（$maxCount）", d.MaxCount), en+fmt.Sprintf(" all but the last %d ($maxCount)", d.MaxCount)
	}
	if d.TruncateBefore > 0 {
		zh, en = zh+fmt.Sprintf("不留修订号 %d 之前的（$tb）", d.TruncateBefore), en+fmt.Sprintf(" those before revision %d ($tb)", d.TruncateBefore)
	}
	return choose(l, fmt.Sprintf("流 %s 设有保留期限，清理（scavenge）时删去事件：%s。请管理员撤销其元数据", d.Stream, zh),
		fmt.Sprintf("stream %s has retention set, a scavenge removes of its events:%s. Let the administrator take its metadata back", d.Stream, en))
}
