// The generated code names this file because the contract annotates its methods
// with REST routes. Only its name has to exist: routes are read straight from the
// option's bytes (see net/routes.ts), which saves shipping google/api/http.proto
// and descriptor.proto to every browser.
import type { GenFile } from '@bufbuild/protobuf/codegenv2'
import { fileDesc } from '@bufbuild/protobuf/codegenv2'

/** An empty descriptor with the right name and package. */
export const file_google_api_annotations: GenFile = /*@__PURE__*/
  fileDesc('Chxnb29nbGUvYXBpL2Fubm90YXRpb25zLnByb3RvEgpnb29nbGUuYXBpYgZwcm90bzM')
