package coord

import "context"

// LocalBus is the bus of one process. See coordtest.Bus for the contract.
type LocalBus struct {
	life *life
	d    *dispatcher
}

func newLocalBus(cfg LocalConfig) *LocalBus {
	return &LocalBus{life: newLife(), d: newDispatcher(cfg.Workers)}
}

// Publish hands payload to the receiver if topic is joined. The payload must not be changed afterwards.
func (b *LocalBus) Publish(ctx context.Context, topic string, payload []byte) error {
	const op = "bus.Publish"
	if err := checkMessage(op, topic, payload); err != nil {
		return err
	}
	if err := b.life.await(ctx, op); err != nil {
		return err
	}
	b.d.enqueue(topic, payload)
	return nil
}

// Join begins delivery of topic.
func (b *LocalBus) Join(ctx context.Context, topic string) error {
	const op = "bus.Join"
	if err := checkName(op, "topic", topic); err != nil {
		return err
	}
	if err := b.life.await(ctx, op); err != nil {
		return err
	}
	b.d.join(topic).confirm()
	return nil
}

// Leave ends delivery of topic.
func (b *LocalBus) Leave(topic string) { b.d.leave(topic, nil) }

// Run delivers until ctx ends and returns nil. It may be called once.
func (b *LocalBus) Run(ctx context.Context, receive func(topic string, payload []byte), resync func(topics []string)) error {
	if err := b.life.begin("bus.Run"); err != nil {
		return err
	}
	defer b.life.end()
	b.d.run(ctx, receive, resync)
	return nil
}

func checkMessage(op, topic string, payload []byte) error {
	if err := checkName(op, "topic", topic); err != nil {
		return err
	}
	return checkSize(op, payload, MaxPayload)
}
