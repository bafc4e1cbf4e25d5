package audit

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"time"
)

// ocsfVersion is the schema whose names are used here (schema.ocsf.io/1.6.0).
const ocsfVersion = "1.6.0"

// Classes with attributes of their own.
const (
	ocsfAccountChange     = 3001
	ocsfAuthentication    = 3002
	ocsfEntityManagement  = 3004
	ocsfAPIActivity       = 6003
	ocsfDatastoreActivity = 6005
)

// ocsfEvent has what the schema requires of an event of those classes, and where else an audit event has something to
// tell. The rest goes to Unmapped.
type ocsfEvent struct {
	ActivityID   int          `json:"activity_id"`
	ActivityName string       `json:"activity_name,omitempty"`
	CategoryUID  int          `json:"category_uid"`
	ClassUID     int          `json:"class_uid"`
	TypeUID      int          `json:"type_uid"`
	Time         int64        `json:"time"`
	SeverityID   int          `json:"severity_id"`
	StatusID     int          `json:"status_id"`
	Status       string       `json:"status"`
	StatusDetail string       `json:"status_detail"`
	Message      string       `json:"message"`
	Metadata     ocsfMetadata `json:"metadata"`
	Actor        ocsfActor    `json:"actor"`
	SrcEndpoint  ocsfEndpoint `json:"src_endpoint"`
	HTTPRequest  *ocsfHTTP    `json:"http_request,omitempty"`
	User         *ocsfUser    `json:"user,omitempty"`
	Service      *ocsfNamed   `json:"service,omitempty"`
	Entity       *ocsfNamed   `json:"entity,omitempty"`
	Comment      string       `json:"comment,omitempty"`
	API          *ocsfAPI     `json:"api,omitempty"`
	Resources    []ocsfNamed  `json:"resources,omitempty"`
	Table        *ocsfNamed   `json:"table,omitempty"`
	Unmapped     ocsfUnmapped `json:"unmapped"`
}

type ocsfMetadata struct {
	Version        string      `json:"version"`
	Product        ocsfProduct `json:"product"`
	UID            string      `json:"uid"`
	EventCode      string      `json:"event_code"`
	TenantUID      string      `json:"tenant_uid"`
	Sequence       uint64      `json:"sequence"`
	LoggedTime     int64       `json:"logged_time"`
	OriginalTime   string      `json:"original_time"`
	LogName        string      `json:"log_name"`
	CorrelationUID string      `json:"correlation_uid,omitempty"`
}

type ocsfProduct struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
}

type ocsfActor struct {
	User    ocsfUser   `json:"user"`
	Session *ocsfNamed `json:"session,omitempty"`
}

// ocsfUser has a uid or a name at least.
type ocsfUser struct {
	UID      string `json:"uid,omitempty"`
	Name     string `json:"name,omitempty"`
	FullName string `json:"full_name,omitempty"`
	Email    string `json:"email_addr,omitempty"`
	Type     string `json:"type"`
	TypeID   int    `json:"type_id"`
}

type ocsfEndpoint struct {
	IP   string `json:"ip,omitempty"`
	Name string `json:"name,omitempty"`
}

type ocsfHTTP struct {
	UserAgent string `json:"user_agent,omitempty"`
	UID       string `json:"uid,omitempty"`
}

type ocsfNamed struct {
	UID  string `json:"uid,omitempty"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
}

type ocsfAPI struct {
	Operation string     `json:"operation"`
	Request   *ocsfNamed `json:"request,omitempty"`
}

type ocsfUnmapped struct {
	Outcome  string          `json:"outcome"`
	LeafHash string          `json:"leaf_hash"`
	Reason   string          `json:"reason,omitempty"`
	Targets  json.RawMessage `json:"targets,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Erased   []string        `json:"erased,omitempty"`
}

// ocsfUnknown stands where the schema requires something that was never told, or that was erased.
const ocsfUnknown = "unknown"

type ocsfWriter struct {
	w      *bufio.Writer
	origin string
}

func (o *ocsfWriter) begin() error { return nil }
func (o *ocsfWriter) end() error   { return nil }

func (o *ocsfWriter) event(r *Record) error {
	e := json.NewEncoder(o.w)
	e.SetEscapeHTML(false)
	return e.Encode(o.of(r))
}

func (o *ocsfWriter) of(r *Record) ocsfEvent {
	class, activity := ocsfAPIActivity, 0
	if d := r.Action.def; d != nil {
		class, activity = d.class, d.doing
	}
	e := ocsfEvent{
		ActivityID: activity, CategoryUID: class / 1000, ClassUID: class, TypeUID: class*100 + activity,
		Time: r.Time.UnixMilli(), SeverityID: 1, StatusID: 1, Status: "Success", StatusDetail: r.Outcome.String(),
		Message: r.ActionName,
		Metadata: ocsfMetadata{
			Version: ocsfVersion, Product: ocsfProduct{"bailiwick audit", "bailiwick"}, UID: r.ID.String(), EventCode: r.ActionName,
			TenantUID: r.Tenant.String(), Sequence: r.Seq, LoggedTime: r.Recorded.UnixMilli(),
			OriginalTime: r.Time.UTC().Format(time.RFC3339Nano), LogName: o.origin, CorrelationUID: r.Source.TraceID,
		},
		Actor:       ocsfActor{User: *userOf(&r.Actor)},
		SrcEndpoint: ocsfEndpoint{Name: ocsfUnknown},
		Unmapped:    ocsfUnmapped{Outcome: r.Outcome.String(), LeafHash: hex.EncodeToString(r.Hash[:]), Reason: r.Reason, Erased: r.Erased},
	}
	switch r.Outcome {
	case Failure, Denied:
		e.StatusID, e.Status = 2, "Failure"
	case Attempted:
		e.StatusID, e.Status = 0, "Unknown"
	}
	if activity == 99 {
		e.ActivityName = r.ActionName
	}
	if r.Source.Session != "" {
		e.Actor.Session = &ocsfNamed{UID: r.Source.Session}
	}
	if r.Source.IP.IsValid() {
		e.SrcEndpoint = ocsfEndpoint{IP: r.Source.IP.String()}
	}
	if r.Source.UserAgent != "" {
		e.HTTPRequest = &ocsfHTTP{UserAgent: r.Source.UserAgent, UID: r.Source.RequestID}
	}
	if len(r.Targets) > 0 {
		e.Unmapped.Targets = appendParties(nil, r.Targets)
	}
	if len(r.Data) > 0 {
		e.Unmapped.Data = appendData(nil, r.Data)
	}
	o.byClass(&e, r)
	return e
}

// byClass adds what a class requires beside that.
func (o *ocsfWriter) byClass(e *ocsfEvent, r *Record) {
	first := ocsfNamed{Name: ocsfUnknown}
	if len(r.Targets) > 0 {
		first = thingOf(&r.Targets[0])
	}
	switch e.ClassUID {
	case ocsfAccountChange, ocsfAuthentication:
		e.User = userOf(&r.Actor) // who logs on does it to themselves
		for i := range r.Targets {
			if r.Targets[i].Person || e.ClassUID == ocsfAccountChange && i == 0 {
				e.User = userOf(&r.Targets[i])
				break
			}
		}
		if e.ClassUID == ocsfAuthentication {
			e.Service = &ocsfNamed{Name: o.origin}
		}
	case ocsfEntityManagement:
		e.Entity, e.Comment = &first, r.Reason
	case ocsfDatastoreActivity:
		e.Table = &ocsfNamed{UID: first.UID, Name: first.Type}
		if first.Type == "" {
			e.Table.Name = ocsfUnknown
		}
	default:
		e.API = &ocsfAPI{Operation: r.ActionName}
		if r.Source.RequestID != "" {
			e.API.Request = &ocsfNamed{UID: r.Source.RequestID}
		}
		for i := range r.Targets {
			e.Resources = append(e.Resources, thingOf(&r.Targets[i]))
		}
	}
}

func userOf(p *Party) *ocsfUser {
	u := &ocsfUser{UID: p.ID, FullName: p.Name, Email: p.Email, Type: p.Type, TypeID: 99}
	if p.Person {
		u.Type, u.TypeID = "User", 1
	}
	if p.Type == "" {
		u.Type, u.TypeID = "Unknown", 0
	}
	if u.UID == "" {
		u.Name = ocsfUnknown
	}
	return u
}

func thingOf(p *Party) ocsfNamed {
	t := ocsfNamed{UID: p.ID, Name: p.Name, Type: p.Type}
	if t.UID == "" && t.Name == "" {
		t.Name = ocsfUnknown
	}
	return t
}
