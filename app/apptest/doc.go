// Package apptest holds in-memory stand-ins for everything app stands on, for tests: a [Store]
// that keeps every promise of app's ports (it passes store/storetest), a [Bus] that can lie, a
// clock that follows time.Now and so a synctest bubble, and small fakes of the rest. [House] puts
// them together.
package apptest
