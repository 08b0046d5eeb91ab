// What those who run a room may do to people, each after one question.
import { MemberService } from '../../gen/synctv/v1/members_pb'
import { RoomService } from '../../gen/synctv/v1/rooms_pb'
import { t } from '../../i18n'
import { confirm } from '../../ui/Confirm'
import { toast } from '../../ui/Toasts'
import type { LiveRoom } from '../store'

export interface Who {
  personId: string
  name: string
}

export function askKick(room: LiveRoom, { personId, name }: Who): void {
  confirm({
    title: t('people.kickTitle', { name }),
    text: t('people.kickText'),
    ask: t('people.reason'),
    action: t('people.kick').replace('…', ''),
    danger: true,
    run: async (reason) => {
      await room.api.call(MemberService.method.kickMember, { roomId: room.roomId, personId, reason })
      toast(t('people.kicked', { name }))
    },
  })
}

export function askBan(room: LiveRoom, { personId, name }: Who): void {
  confirm({
    title: t('people.banTitle', { name }),
    text: t('people.banText'),
    ask: t('people.reason'),
    action: t('people.ban').replace('…', ''),
    danger: true,
    run: async (reason) => {
      await room.api.call(MemberService.method.banMember, { roomId: room.roomId, personId, reason })
      toast(t('people.banned', { name }))
    },
  })
}

export function askTransfer(room: LiveRoom, { personId, name }: Who): void {
  confirm({
    title: t('people.transfer').replace('…', ''),
    text: t('people.transferAsk', { name }),
    action: t('people.transferDo'),
    danger: true,
    run: async () => {
      await room.api.call(RoomService.method.transferOwnership, { roomId: room.roomId, userId: personId })
      await room.refreshMine()
    },
  })
}
