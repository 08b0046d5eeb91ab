package guard

import (
	"errors"
	"slices"
)

// DefaultDeniedPorts returns the ports of services that must never be sent a request on behalf of somebody: mail, shells,
// databases, caches, queues, orchestrators, and those a browser refuses for the same reason. The usual web ports (80, 443, 8080,
// 8096, 8443 ...) are not among them, nor is RTMP's 1935.
func DefaultDeniedPorts() []uint16 {
	return slices.Clone(deniedPortTable[:])
}

var deniedPortTable = [...]uint16{
	1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 67, 68, 69, 77, 79, 87, 95,
	101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179,
	389, 427, 445, 465, 500, 512, 513, 514, 515, 520, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 593,
	601, 623, 631, 636, 853, 873, 989, 990, 993, 995,
	1025, 1080, 1099, 1433, 1434, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2222, 2375, 2376, 2377, 2379, 2380,
	3128, 3268, 3269, 3306, 3389, 3478, 3659, 4045, 4190, 4222, 4369, 5037, 5044, 5060, 5061, 5432, 5433, 5672, 5671, 5900, 5984, 5985, 5986,
	6000, 6379, 6380, 6432, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7077, 7946, 8125, 8300, 8301, 8302, 8500, 8600,
	9042, 9092, 9100, 9160, 9200, 9300, 10050, 10051, 10080, 10250, 10255, 10256, 11211, 15672, 16379, 25672, 26379,
	27017, 27018, 27019, 28015, 33060, 50051, 50052, 61613, 61616,
}

func portSet(ports []uint16) map[uint16]bool {
	set := make(map[uint16]bool, len(ports))
	for _, p := range ports {
		set[p] = true
	}
	return set
}

// parsePort reads 1..65535 written the one ordinary way: no sign, no leading zero, no blank.
func parsePort(s string) (uint16, error) {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return 0, errors.New("port must be 1 to 65535")
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, errors.New("port must be 1 to 65535")
		}
		n = n*10 + int(s[i]-'0')
	}
	if n > 65535 {
		return 0, errors.New("port must be 1 to 65535")
	}
	return uint16(n), nil
}
