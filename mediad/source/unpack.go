package source

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"net/url"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/fmp4"
	"synctv/mediad/m3u8"
	"synctv/mediad/ts"
)

const (
	segmentTime = 20 * time.Second
	maxInit     = 1 << 20
)

// unpacker turns the segments of one playlist into packets. It is used by one goroutine.
type unpacker struct {
	o       *Opener
	demuxer ts.Demuxer
	init    *fmp4.Init
	initOf  string // which one it is
	key     []byte
	keyAt   string
}

// open brings a segment. base is where the playlist was.
func (u *unpacker) open(ctx context.Context, base *url.URL, s m3u8.Segment) ([]av.Packet, error) {
	if s.Map != nil {
		if err := u.initialise(ctx, base, s.Map); err != nil {
			return nil, err
		}
	} else {
		u.init, u.initOf = nil, ""
	}
	data, err := u.bring(ctx, base, m3u8.Resource{URI: s.URI, Range: s.Range, Key: s.Key}, s.Sequence, u.o.config.MaxSegment)
	if err != nil {
		return nil, err
	}
	var packets []av.Packet
	switch {
	case u.init != nil:
		packets, err = u.init.Packets(data)
	case bytes.HasPrefix(data, []byte("ID3")) || len(data) > 1 && data[0] == 0xff && data[1]&0xf6 == 0xf0:
		packets, err = packed(data)
	default:
		if packets, err = u.demuxer.Feed(nil, data); err == nil {
			packets = u.demuxer.Flush(packets)
		}
	}
	if err != nil {
		return nil, problem(wordsStrange, err)
	}
	return packets, nil
}

// initialise brings an initialisation, unless it is the one that is there.
func (u *unpacker) initialise(ctx context.Context, base *url.URL, m *m3u8.Resource) error {
	at, err := base.Parse(m.URI)
	if err != nil {
		return problem(wordsStrange, errors.New("an address cannot be read"))
	}
	name := at.String() + " " + time.Duration(m.Range.Offset).String() + " " + time.Duration(m.Range.Length).String()
	if u.init != nil && name == u.initOf {
		return nil
	}
	data, err := u.bring(ctx, base, *m, 0, maxInit)
	if err != nil {
		return err
	}
	in, err := fmp4.ParseInit(data)
	switch {
	case errors.Is(err, fmp4.ErrEncrypted):
		return problem(wordsLocked, err)
	case err != nil:
		return problem(wordsStrange, err)
	}
	u.init, u.initOf = in, name
	return nil
}

// bring fetches a resource and takes its encryption away.
func (u *unpacker) bring(ctx context.Context, base *url.URL, r m3u8.Resource, sequence uint64, limit int64) ([]byte, error) {
	at, err := base.Parse(r.URI)
	if err != nil {
		return nil, problem(wordsStrange, errors.New("an address cannot be read"))
	}
	if r.Key == nil {
		f, err := u.o.fetch(ctx, at, r.Range, limit, segmentTime)
		return f.body, err
	}
	if err := u.unlock(ctx, base, r.Key); err != nil {
		return nil, err
	}
	f, err := u.o.fetch(ctx, at, r.Range, limit, segmentTime)
	if err != nil {
		return nil, err
	}
	return decrypt(f.body, u.key, r.Key.IV, sequence)
}

// unlock brings a key, unless it is the one that is there.
func (u *unpacker) unlock(ctx context.Context, base *url.URL, k *m3u8.Key) error {
	if k.URI == "" {
		return problem(wordsLocked, nil)
	}
	at, err := base.Parse(k.URI)
	if err != nil {
		return problem(wordsStrange, errors.New("an address cannot be read"))
	}
	if u.key != nil && u.keyAt == at.String() {
		return nil
	}
	f, err := u.o.fetch(ctx, at, m3u8.Range{}, aes.BlockSize, playlistTime)
	if err != nil {
		return err
	}
	if len(f.body) != aes.BlockSize {
		return problem(wordsLocked, errors.New("the key does not have 16 bytes"))
	}
	u.key, u.keyAt = f.body, at.String()
	return nil
}

// decrypt undoes AES-128 in CBC mode with padding (RFC 8216 section 4.3.2.4). Without a vector it is the segment's number.
func decrypt(b, key, iv []byte, sequence uint64) ([]byte, error) {
	if len(b) == 0 || len(b)%aes.BlockSize != 0 {
		return nil, problem(wordsStrange, errors.New("an encrypted segment has a length that cannot be"))
	}
	if iv == nil {
		iv = binary.BigEndian.AppendUint64(make([]byte, 8), sequence)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, problem(wordsLocked, err)
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(b, b)
	if pad := int(b[len(b)-1]); pad >= 1 && pad <= aes.BlockSize {
		b = b[:len(b)-pad]
	}
	return b, nil
}

// packed reads a segment of AAC without a container, which says in an ID3 tag when it begins (RFC 8216 section 3.4).
func packed(b []byte) ([]av.Packet, error) {
	var at time.Duration
	for bytes.HasPrefix(b, []byte("ID3")) && len(b) >= 10 {
		size := 10 + (int(b[6]&0x7f)<<21 | int(b[7]&0x7f)<<14 | int(b[8]&0x7f)<<7 | int(b[9]&0x7f))
		if size > len(b) {
			return nil, errors.New("the ID3 tag does not end")
		}
		if _, rest, ok := bytes.Cut(b[:size], []byte("com.apple.streaming.transportStreamTimestamp\x00")); ok && len(rest) >= 8 {
			ticks := binary.BigEndian.Uint64(rest) & (1<<33 - 1)
			at = time.Duration(ticks) * 100000 / 9
		}
		b = b[size:]
	}
	return ts.ADTS(at, b), nil
}
