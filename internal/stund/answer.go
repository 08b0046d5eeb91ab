package stund

import (
	"net/netip"

	"github.com/pion/stun/v3"
)

// MaxAnswer is the longest answer in bytes: a header of 20, an address of IPv6 with 24 or an error with 28, and a
// fingerprint with 8. A request has at least 20, and 28 around it that an answer has as well.
const MaxAnswer = 56

const (
	headerBytes = 20
	maxUnknown  = 8 // attributes that are named in an error
)

// verdict is what became of a datagram.
type verdict uint8

const (
	answered   verdict = iota
	refused            // answered with an error
	notSTUN            // it cannot be read
	notRequest         // STUN, but nothing that is for us to answer
	limited            // one of too many
	unsent             // the answer could not be sent
	verdicts
)

var verdictNames = [verdicts]string{"answered", "refused", "not_stun", "not_a_request", "too_many", "not_sent"}

// responder reads requests and writes answers. Both are used again, so it is not safe for concurrent use.
type responder struct{ request, reply stun.Message }

// answer judges a datagram that came from an address and returns what to send back, which is nil for nothing and valid
// until the next call.
func (r *responder) answer(datagram []byte, from netip.AddrPort) ([]byte, verdict) {
	if !r.read(datagram) {
		return nil, notSTUN
	}
	if r.request.Type != stun.BindingRequest || !routable(from) {
		return nil, notRequest
	}
	if unknown := r.unknown(); len(unknown) > 0 {
		return r.write(stun.BindingError, stun.ErrorCodeAttribute{Code: stun.CodeUnknownAttribute}, unknown), refused
	}
	return r.write(stun.BindingSuccess, mapped(from)), answered
}

// read tells whether a datagram is one message of STUN and nothing else (sections 5 and 6.3). Requests without the
// magic cookie, of RFC 3489, are none.
func (r *responder) read(b []byte) bool {
	if len(b) < headerBytes || b[0]&0xC0 != 0 || len(b)%4 != 0 || !stun.IsMessage(b) {
		return false
	}
	if _, err := r.request.Write(b); err != nil || int(r.request.Length)+headerBytes != len(b) {
		return false
	}
	if _, has := r.request.Attributes.Get(stun.AttrFingerprint); has {
		return stun.Fingerprint.Check(&r.request) == nil
	}
	return true
}

// unknown lists attributes that a server has to understand and we do not (section 6.3.1). Those of credentials are
// understood: there are none to check, and who has some is answered like everybody.
func (r *responder) unknown() stun.UnknownAttributes {
	var list stun.UnknownAttributes
	for _, a := range r.request.Attributes {
		if a.Type.Required() && !understood(a.Type) && len(list) < maxUnknown {
			list = append(list, a.Type)
		}
	}
	return list
}

func understood(t stun.AttrType) bool {
	switch t {
	case stun.AttrMappedAddress, stun.AttrXORMappedAddress, stun.AttrErrorCode, stun.AttrUnknownAttributes, stun.AttrUsername,
		stun.AttrUserhash, stun.AttrRealm, stun.AttrNonce, stun.AttrMessageIntegrity, stun.AttrMessageIntegritySHA256, stun.AttrPasswordAlgorithm:
		return true
	}
	return false
}

// write builds the answer to the request. Setters fail for values that are too long, and ours are not.
func (r *responder) write(t stun.MessageType, attributes ...stun.Setter) []byte {
	r.reply.Reset()
	r.reply.Type, r.reply.TransactionID = t, r.request.TransactionID
	r.reply.WriteHeader()
	for _, a := range append(attributes, stun.Fingerprint) {
		if err := a.AddTo(&r.reply); err != nil {
			return nil
		}
	}
	return r.reply.Raw
}

func mapped(from netip.AddrPort) *stun.XORMappedAddress {
	return &stun.XORMappedAddress{IP: from.Addr().Unmap().AsSlice(), Port: int(from.Port())}
}

// routable tells an address that an answer may go to.
func routable(a netip.AddrPort) bool {
	ip := a.Addr().Unmap()
	return a.Port() != 0 && ip.IsValid() && !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
