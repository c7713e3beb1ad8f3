package standin

import (
	"encoding/json"
	"slices"
	"strings"
)

// list is an access list: of each right who has it; nil where it does not say.
type list map[string]roles

type roles []string

// UnmarshalJSON reads one role, or a list of them.
func (r *roles) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*r = roles{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(r))
}

// described is what a stream's metadata say.
type described struct {
	List     list  `json:"$acl"`
	MaxCount int   `json:"$maxCount"`
	Before   int64 `json:"$tb"`
}

func (s *Server) described(stream string) (d described) {
	if last := s.last("$$" + stream); last != nil {
		_ = json.Unmarshal(last.data, &d)
	}
	return d
}

// may says whether somebody has a right ("$r", "$w", "$d", "$mr", "$mw") to a
// stream: as its own list says, else the default list, else everybody has it to
// users' streams, and administrators to the server's. Under mu.
func (s *Server) may(who []string, right, stream string) bool {
	if of, is := strings.CutPrefix(stream, "$$"); is {
		return s.may(who, map[string]string{"$r": "$mr", "$w": "$mw", "$d": "$mw"}[right], of)
	}
	if slices.Contains(who, "$admins") {
		return true
	}
	var settings struct {
		User   list `json:"$userStreamAcl"`
		System list `json:"$systemStreamAcl"`
	}
	if last := s.last("$settings"); last != nil {
		_ = json.Unmarshal(last.data, &settings)
	}
	byDefault, builtIn := settings.User, roles{"$all"}
	if strings.HasPrefix(stream, "$") {
		byDefault, builtIn = settings.System, roles{}
	}
	have := builtIn
	if own, says := s.described(stream).List[right]; says {
		have = own
	} else if own, says := byDefault[right]; says {
		have = own
	}
	return slices.Contains(have, "$all") || slices.ContainsFunc(have, func(r string) bool { return slices.Contains(who, r) })
}
