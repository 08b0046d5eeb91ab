// Package e2e drives the built server from outside, over real sockets, against real databases:
// what a person or a program at the other end would see. Browser tests are in e2e/browser.
package e2e
