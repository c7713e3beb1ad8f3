package esdb

import (
	"encoding/json"
	"slices"
)

// A server judges each request by access lists. A stream's own stands in its
// metadata; what that does not say, the default list says (for users' streams and
// for the server's own), which stands in $settings; and what that does not say is
// built in: everybody may everything to users' streams, and administrators to the
// server's. Administrators may everything, whatever a list says.

// What stands in lists for everybody, and for administrators.
const (
	Everybody      = "$all"
	Administrators = "$admins"
)

// Roles are the users and groups that have a right; nil: nothing is said.
type Roles []string

// UnmarshalJSON reads one role, or a list of them.
func (r *Roles) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*r = Roles{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(r))
}

// MarshalJSON writes one role as servers do, without a list.
func (r Roles) MarshalJSON() ([]byte, error) {
	if len(r) == 1 {
		return json.Marshal(r[0])
	}
	return json.Marshal([]string(r))
}

// with is r with others that it lacks behind.
func (r Roles) with(others ...string) Roles {
	made := slices.Clone(r)
	for _, o := range others {
		if !slices.Contains(made, o) {
			made = append(made, o)
		}
	}
	return made
}

// Access is an access list: who may read a stream, append to it, delete it, read
// its metadata and write them.
type Access struct {
	Read          Roles `json:"$r,omitzero"`
	Write         Roles `json:"$w,omitzero"`
	Delete        Roles `json:"$d,omitzero"`
	ReadMetadata  Roles `json:"$mr,omitzero"`
	WriteMetadata Roles `json:"$mw,omitzero"`
}

// Defaults is the default access list of a server.
type Defaults struct {
	UserStreams   *Access `json:"$userStreamAcl,omitempty"`
	SystemStreams *Access `json:"$systemStreamAcl,omitempty"`
}

func (d *Defaults) userStreams() Access {
	if d == nil || d.UserStreams == nil {
		return Access{}
	}
	return *d.UserStreams
}

// Rights is who may do what to a ledger's streams, beside administrators, who may
// everything. Nil: not known to who asked; empty: nobody.
type Rights struct {
	Read   Roles `json:"read"`
	Append Roles `json:"append"`
	// Truncate is to set retention, or from which revision on events are to stay.
	Truncate Roles `json:"truncate"`
	Delete   Roles `json:"delete"`
}

// rightsOf puts the lists together: the default list, nil where it is not known,
// and the own lists of some of the streams. A right to one stream is one to all.
func rightsOf(defaults *Defaults, own []Access) Rights {
	byDefault := Access{}
	if defaults != nil {
		byDefault = defaults.userStreams()
	}
	right := func(of func(Access) Roles) Roles {
		if defaults == nil {
			return nil
		}
		all := of(byDefault)
		if all == nil {
			all = Roles{Everybody}
		}
		for _, a := range own {
			all = all.with(of(a)...)
		}
		others := slices.DeleteFunc(slices.Clone(all), func(r string) bool { return r == Administrators })
		return append(Roles{}, others...)
	}
	return Rights{
		Read:     right(func(a Access) Roles { return a.Read }),
		Append:   right(func(a Access) Roles { return a.Write }),
		Truncate: right(func(a Access) Roles { return a.WriteMetadata }),
		Delete:   right(func(a Access) Roles { return a.Delete }),
	}
}
