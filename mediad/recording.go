package mediad

import "synctv/app"

// Record implements app.Live.
func (s *Server) Record(app.StreamID, bool) {}

// TidyRecordings implements app.Live.
func (s *Server) TidyRecordings() {}
