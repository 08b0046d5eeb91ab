// Package translate turns the values of app into messages of the contract and back. All functions are
// pure; they are shared by every door that speaks the contract.
//
// Towards the outside they decide by type what can be said at all: the hash of a password, the
// request headers of media and the key of a guest's network have no way out. What depends on who
// looks, an item's address and a room's invite code, is an argument.
//
// Towards the inside they refuse what app has no word for with a CodeInvalid error that names the
// field; everything else is app's to judge.
package translate

import "synctv/app"

// pair is one row of a table between an enum of the contract and a word of app.
type pair[P ~int32, A ~string] struct {
	wire P
	word A
}

// toWire finds the enum value of a word; 0, the unspecified value, when there is none.
func toWire[P ~int32, A ~string](table []pair[P, A], word A) P {
	for _, row := range table {
		if row.word == word {
			return row.wire
		}
	}
	return 0
}

// toWord finds the word of an enum value. Unspecified is "", which app takes for its default.
func toWord[P ~int32, A ~string](table []pair[P, A], field string, wire P) (A, error) {
	if wire == 0 {
		return "", nil
	}
	for _, row := range table {
		if row.wire == wire {
			return row.word, nil
		}
	}
	return "", app.Invalid(field, "There is no such choice.")
}

// needWord is toWord where unspecified is a mistake.
func needWord[P ~int32, A ~string](table []pair[P, A], field string, wire P) (A, error) {
	if wire == 0 {
		return "", app.Invalid(field, "Choose a value.")
	}
	return toWord(table, field, wire)
}

// each translates a list. The result is never nil, so that it is an empty list on every wire.
func each[T, M any](in []T, f func(T) M) []M {
	out := make([]M, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// count is a number of things on the wire.
func count(n int) uint32 { return uint32(min(max(n, 0), 1<<31)) }
