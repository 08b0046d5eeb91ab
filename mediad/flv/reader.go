package flv

import "encoding/binary"

const (
	// MaxTag is the longest tag, in bytes, that a Reader takes.
	MaxTag = 8 << 20
	// maxFileHeader is how long a file header may say that it is.
	maxFileHeader = 1 << 10
	// firstAlloc is what a tag is given before its bytes are there.
	firstAlloc = 64 << 10
)

// Reader turns the bytes of a file or stream, in any pieces, into tags. It never
// blocks, and its memory follows the bytes that came, not the lengths that were
// claimed. Back pointers are not looked at: they are often wrong. It is not safe
// for concurrent use.
type Reader struct {
	stage readerStage
	skip  int // bytes to pass over first
	head  [tagHeaderSize]byte
	have  int
	tag   Tag
	size  int // of tag.Data, when it is whole
	drop  bool
	err   error // it stays
}

type readerStage uint8

const (
	readFileHeader readerStage = iota
	readTagHeader
	readTagBody
)

// NewReader returns a reader of a stream from its beginning.
func NewReader() *Reader { return &Reader{} }

// Feed takes bytes from p until a tag is complete and returns it with the bytes
// that follow. When p completes nothing, the tag's Type is 0 and rest is empty.
// Tags of types nobody knows are left out. After an error every call returns it.
func (r *Reader) Feed(p []byte) (tag Tag, rest []byte, err error) {
	for len(p) > 0 && r.err == nil {
		if n := min(r.skip, len(p)); n > 0 {
			r.skip, p = r.skip-n, p[n:]
			continue
		}
		switch r.stage {
		case readFileHeader:
			if p = r.collect(p, fileHeaderSize); r.have == fileHeaderSize {
				r.err = r.beginFile()
			}
		case readTagHeader:
			if p = r.collect(p, tagHeaderSize); r.have == tagHeaderSize {
				r.err = r.beginTag()
			}
		case readTagBody:
			p = r.body(p)
		}
		if r.stage == readTagBody && len(r.tag.Data) == r.size && r.err == nil {
			r.stage, r.have, r.skip = readTagHeader, 0, r.skip+backSize
			tag, r.tag = r.tag, Tag{}
			if !r.drop {
				return tag, p, nil
			}
		}
	}
	return Tag{}, nil, r.err
}

func (r *Reader) collect(p []byte, size int) []byte {
	n := copy(r.head[r.have:size], p)
	r.have += n
	return p[n:]
}

func (r *Reader) beginFile() error {
	if string(r.head[:3]) != "FLV" {
		return ErrSignature
	}
	offset := binary.BigEndian.Uint32(r.head[5:])
	if offset < fileHeaderSize || offset > maxFileHeader {
		return ErrSignature
	}
	r.stage, r.have, r.skip = readTagHeader, 0, int(offset)-fileHeaderSize+backSize
	return nil
}

func (r *Reader) beginTag() error {
	h := r.head
	if h[0]&0x20 != 0 {
		return ErrEncrypted
	}
	r.size = int(h[1])<<16 | int(h[2])<<8 | int(h[3])
	if r.size > MaxTag {
		return ErrSize
	}
	r.tag = Tag{
		Type:      Type(h[0] & 0x1f),
		Timestamp: uint32(h[7])<<24 | uint32(h[4])<<16 | uint32(h[5])<<8 | uint32(h[6]),
	}
	r.stage = readTagBody
	switch r.tag.Type {
	case Audio, Video, Script:
		r.drop = false
	default:
		r.drop, r.skip, r.size = true, r.size, 0
	}
	return nil
}

// body takes bytes of a tag.
func (r *Reader) body(p []byte) []byte {
	have := len(r.tag.Data)
	n := min(r.size-have, len(p))
	if need := have + n; need > cap(r.tag.Data) {
		size := max(need, min(r.size, max(firstAlloc, 4*cap(r.tag.Data))))
		r.tag.Data = append(make([]byte, 0, size), r.tag.Data...)
	}
	r.tag.Data = append(r.tag.Data, p[:n]...)
	return p[n:]
}
