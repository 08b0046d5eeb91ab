// Package peertest gives tests real peers: a Redis, a PostgreSQL and an S3 server on private free ports of the loopback.
//
// A test binary starts each server at most once, on first use, in a directory of its own below the system's temporary
// directory. Nothing has to be closed: every server hangs from a keeper, a small shell that waits on a pipe whose other
// end only the test binary holds. When the binary ends, in whatever way (also by SIGKILL), the kernel closes the pipe, and
// the keeper stops the server and removes the directory.
//
// Environment:
//
//	SYNCTV_TEST_REDIS_URL      use this running Redis; tests must keep to the keys of [Prefix]
//	SYNCTV_TEST_POSTGRES_URL   use this running PostgreSQL; each call still makes a database of its own
//	SYNCTV_TEST_REQUIRE=1      fail instead of skipping when a server's program is not installed
package peertest
