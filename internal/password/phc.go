package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// params are the cost of one hash, as they stand in its PHC string.
type params struct {
	memoryKiB uint32
	passes    uint32
	lanes     uint8
}

// check keeps a stored string from asking for more than this program is willing to spend.
func (p params) check() error {
	switch {
	case p.memoryKiB < 8*uint32(p.lanes) || p.memoryKiB > 1<<20:
		return errors.New("memory must be from 8 KiB per lane to 1 GiB")
	case p.passes < 1 || p.passes > 64:
		return errors.New("passes must be from 1 to 64")
	case p.lanes < 1 || p.lanes > 64:
		return errors.New("lanes must be from 1 to 64")
	}
	return nil
}

// encode writes the PHC string format:
// $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<key>, base64 without padding.
func encode(p params, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memoryKiB, p.passes, p.lanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// decode reads what encode wrote, and strings of other programs with the same three parameters.
func decode(s string) (p params, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	if len(s) > 512 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return p, nil, nil, ErrEncoding
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return p, nil, nil, ErrEncoding
	}
	var n [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(costs[i], name)
		bits := 32
		if i == 2 {
			bits = 8
		}
		if n[i], err = strconv.ParseUint(digits, 10, bits); !ok || err != nil {
			return p, nil, nil, ErrEncoding
		}
	}
	p = params{uint32(n[0]), uint32(n[1]), uint8(n[2])}
	if p.check() != nil {
		return p, nil, nil, ErrEncoding
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, errSalt := b64.DecodeString(parts[4])
	key, errKey := b64.DecodeString(parts[5])
	if errSalt != nil || errKey != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return p, nil, nil, ErrEncoding
	}
	return p, salt, key, nil
}
