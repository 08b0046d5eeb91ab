package env

// nearest finds the known name that a mistyped one most likely stands for. The first skip bytes,
// the prefix, are the same in all and do not count.
func nearest(name string, known []string, skip int) (string, bool) {
	best, bestDistance := "", 0
	for _, k := range known {
		d := distance(name[skip:], k[skip:])
		if best == "" || d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best, best != "" && bestDistance <= max(2, (len(name)-skip)/3)
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into
// b (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 100 || len(b) > 100 {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
