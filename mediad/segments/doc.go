// Package segments keeps what was cut: media segments by stream, generation and
// name, in memory ([Memory]), in files ([File]), or in an object store ([S3], which
// is called s3 or oss in the configuration). What a [Store] promises is written
// there, and tested for all three by the package segmentstest.
//
// A segment is a [Blob]: slices of bytes that nobody changes, shared by all who
// read them. It is written once and never altered.
package segments
