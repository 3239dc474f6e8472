import type { PermissionDeclaration } from '@opsflux/sdk'
import { useI18n } from 'vue-i18n'

/** Says permissions in words, one text per action: "View (all, own)". */
export function usePermissionWords(): (permissions: readonly PermissionDeclaration[]) => string[] {
  const { t } = useI18n()
  return (permissions) => [...Map.groupBy(permissions, ({ action }) => action)].map(([action, held]) => t('modules.permission.ofAction', {
    action: t(`modules.permission.action.${action}`),
    scopes: held.map(({ scope }) => t(`modules.permission.scope.${scope}`)).join(', '),
  }))
}
