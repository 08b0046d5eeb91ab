// Package amf reads and writes the Action Message Format, in which RTMP has its
// commands and FLV its metadata: AMF 0 whole, and AMF 3 for what arrives behind
// its marker. Values come as they were sent; depth, number and size are bounded
// while they are read, and a count that is promised is never allocated.
//
// References are not followed: what they point at is nothing a command needs,
// and a value that contains itself has no end.
package amf
