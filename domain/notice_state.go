package domain

// NoticeState is how a notice stands on a day.
type NoticeState string

// The states of a notice.
const (
	NoticeDraft     NoticeState = "draft"     // not published yet
	NoticeUpcoming  NoticeState = "upcoming"  // posted, but its period has not begun
	NoticeOpen      NoticeState = "open"      // in its period
	NoticeEnded     NoticeState = "ended"     // its period is over: no names are shown any more
	NoticeTakenBack NoticeState = "withdrawn" // taken back
	NoticeUnposted  NoticeState = "unposted"  // confirmed without a publication
)

var noticeStates = map[NoticeState]bilingual{
	NoticeDraft: {"草稿", "draft"}, NoticeUpcoming: {"待公示", "upcoming"}, NoticeOpen: {"公示中", "open"},
	NoticeEnded: {"公示期满", "ended"}, NoticeTakenBack: {"已撤回", "withdrawn"}, NoticeUnposted: {"未公示", "unposted"},
}

// Say returns the state's name in a language.
func (s NoticeState) Say(l Lang) string { return noticeStates[s].Say(l) }

// StateOn says how the notice stands on a day, by the last publication that was posted
// by then. A notice that was withdrawn is withdrawn on every day.
func (n *Notice) StateOn(on Day) NoticeState {
	if n.Withdrawn != (ID{}) {
		return NoticeTakenBack
	}
	s := NoticeDraft
	if n.Confirmed != (ID{}) {
		s = NoticeUnposted
	}
	for _, p := range n.Publications {
		switch {
		case p.On > on:
		case on < p.Period.First:
			s = NoticeUpcoming
		case on <= p.Period.Last:
			s = NoticeOpen
		default:
			s = NoticeEnded
		}
	}
	return s
}
