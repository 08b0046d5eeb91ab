import { create } from '@bufbuild/protobuf'
import { RoomRole } from '../../gen/synctv/v1/common_pb'
import { PermissionOverrideSchema } from '../../gen/synctv/v1/rooms_pb'
import type { PermissionOverride } from '../../gen/synctv/v1/rooms_pb'
import { t } from '../../i18n'
import { server } from '../../session'
import { actionName } from '../people/PermissionsDialog'
import { roleName } from '../people/words'

type Choice = 'default' | 'allow' | 'deny'

const ROLES = [RoomRole.ADMIN, RoomRole.MEMBER, RoomRole.GUEST] as const

interface Props {
  overrides: readonly PermissionOverride[]
  setOverrides(o: PermissionOverride[]): void
}

/** One row per action, one column per role: as the preset says, allowed, or taken away. */
export function PermissionTable({ overrides, setOverrides }: Props) {
  return (
    <>
      <p class="muted small">{t('set.tableNote')}</p>
      <div class="table-scroll">
        <table class="permissions">
          <thead>
            <tr>
              <td />
              {ROLES.map((r) => <th key={r} scope="col">{roleName(r)}</th>)}
            </tr>
          </thead>
          <tbody>
            {(server.value?.actions ?? []).map((action) => (
              <tr key={action}>
                <th scope="row">{actionName(action)}</th>
                {ROLES.map((role) => (
                  <td key={role}>
                    <select
                      class={`input slim ${read(overrides, role, action)}`}
                      aria-label={`${actionName(action)}: ${roleName(role)}`}
                      value={read(overrides, role, action)}
                      onChange={(e) => setOverrides(write(overrides, role, action, e.currentTarget.value as Choice))}
                    >
                      <option value="default">{t('set.roleDefault')}</option>
                      <option value="allow">{t('people.allow')}</option>
                      <option value="deny">{t('people.deny')}</option>
                    </select>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

export function read(overrides: readonly PermissionOverride[], role: RoomRole, action: string): Choice {
  const o = overrides.find((x) => x.role === role)
  if (o?.deny.includes(action)) return 'deny'
  return o?.allow.includes(action) ? 'allow' : 'default'
}

/** The overrides with one choice changed; roles without any are left out. */
export function write(overrides: readonly PermissionOverride[], role: RoomRole, action: string, choice: Choice): PermissionOverride[] {
  const was = overrides.find((x) => x.role === role)
  const without = (list: readonly string[] = []): string[] => list.filter((a) => a !== action)
  const allow = without(was?.allow)
  const deny = without(was?.deny)
  if (choice === 'allow') allow.push(action)
  if (choice === 'deny') deny.push(action)
  const others = overrides.filter((x) => x.role !== role)
  if (allow.length + deny.length === 0) return others
  return [...others, create(PermissionOverrideSchema, { role, allow, deny })]
}
