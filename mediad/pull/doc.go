// Package pull decides the life of live sources that are received from elsewhere: a source is received while somebody
// watches, once for all who do, and no longer; when it fails it is tried again, later each time. It knows no protocol and
// no address: what receives a source and what becomes of it are its caller's.
package pull
