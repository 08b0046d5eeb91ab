package app

// checkFolder refuses a parent that is no folder, or that lies too deep for something with so many
// folders below each other.
func checkFolder(tx RoomTx, parent MediaID, below int) error {
	depth := below
	for id := parent; id != ""; depth++ {
		m, err := tx.Media(id)
		if err != nil {
			return err
		}
		if m.Kind != MediaFolder {
			return Invalid("parent_id", "The parent is not a folder.")
		}
		if depth >= maxFolderDepth {
			return Invalid("parent_id", "Folders can be at most %d deep.", maxFolderDepth)
		}
		id = m.ParentID
	}
	return nil
}

// place finds the order keys between which something comes to stand: right after what plays now,
// before a sibling, or last. After "what plays now" may change the folder.
func place(tx RoomTx, parent *MediaID, before MediaID, next bool, moving MediaID) (lo, hi string, err error) {
	after := MediaID("")
	if next {
		pb, err := tx.Playback()
		if err != nil {
			return "", "", err
		}
		if cur, err := tx.Media(MediaID(pb.MediaID)); err == nil && cur.ID != moving {
			*parent, after = cur.ParentID, cur.ID
		}
	}
	siblings, err := tx.Siblings(*parent)
	if err != nil {
		return "", "", err
	}
	found := after == "" && before == ""
	for _, s := range siblings {
		if s.ID == moving {
			continue
		}
		if before != "" && after == "" && s.ID == before {
			hi, found = s.OrderKey, true
			break
		}
		if after != "" && found {
			hi = s.OrderKey
			break
		}
		lo = s.OrderKey
		if s.ID == after {
			found = true
		}
	}
	if !found {
		return "", "", Invalid("before_id", "The item to stand before is not in that folder.")
	}
	return lo, hi, nil
}

// folderHeight counts the folders below each other from m on, m included.
func folderHeight(tx RoomTx, m Media) (int, error) {
	if m.Kind != MediaFolder {
		return 0, nil
	}
	children, err := tx.Siblings(m.ID)
	if err != nil {
		return 0, err
	}
	most := 0
	for _, c := range children {
		h, err := folderHeight(tx, c)
		if err != nil {
			return 0, err
		}
		most = max(most, h)
	}
	return 1 + most, nil
}

// subtree lists a node and all below it.
func subtree(tx RoomTx, m Media) ([]MediaID, error) {
	ids := []MediaID{m.ID}
	if m.Kind != MediaFolder {
		return ids, nil
	}
	children, err := tx.Siblings(m.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range children {
		below, err := subtree(tx, c)
		if err != nil {
			return nil, err
		}
		ids = append(ids, below...)
	}
	return ids, nil
}
