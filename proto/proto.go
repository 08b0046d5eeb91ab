// Package proto holds the API contract: the .proto sources, the code generated
// from them in synctv/v1, and the OpenAPI 3.1 document as it is served.
package proto

import _ "embed"

// OpenAPI is the OpenAPI 3.1 document of the REST surface, as JSON.
//
//go:embed openapi.json
var OpenAPI []byte
