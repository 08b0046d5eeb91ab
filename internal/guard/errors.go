package guard

// Reason says why the guard refused, for logs and metrics. It must not reach the person who asked: the difference between
// "that is private" and "that is closed" is a map of the inner network.
type Reason string

// The reasons. They are stable label values.
const (
	ReasonSyntax   Reason = "syntax"   // the URL or host is malformed or is a known trick of spelling
	ReasonScheme   Reason = "scheme"   // neither http nor https
	ReasonUserinfo Reason = "userinfo" // the URL carries a user name or password
	ReasonHost     Reason = "host"     // a name that is never public (localhost, .internal, a single label)
	ReasonPort     Reason = "port"     // a port of a service that must not be spoken to
	ReasonAddress  Reason = "address"  // the address is not public
	ReasonSelf     Reason = "self"     // the address is this server or one of its cluster
	ReasonAnswer   Reason = "answer"   // the name has too many addresses
	ReasonRedirect Reason = "redirect" // too many redirects
)

// DeniedError is the one refusal of this package. Its message is the same for every reason.
type DeniedError struct {
	// Reason is for logs; see the type.
	Reason Reason
}

// Error returns the message that may be shown to anybody.
func (e *DeniedError) Error() string { return "this address is not allowed" }

func denied(r Reason) error { return &DeniedError{Reason: r} }
