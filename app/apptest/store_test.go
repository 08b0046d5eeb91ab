package apptest_test

import (
	"testing"

	"go.uber.org/goleak"

	"synctv/app"
	"synctv/app/apptest"
	"synctv/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStoreKeepsThePromisesOfThePorts(t *testing.T) {
	storetest.Run(t, func(*testing.T) app.Store { return apptest.NewStore() })
}
