import { answers, definePlugin, field, route } from '@opsflux/sdk'
import { entities } from './entities.ts'
import type { RatesAnswer } from './server/rates.ts'

export default definePlugin({
  id: 'hse-reports',
  publisher: 'opsflux',
  name: 'HSE reports',
  summary: 'Report incidents, follow corrective actions, and watch TRIR and LTIF on the OSHA and the per-million basis.',
  icon: 'shield-alert',
  category: 'safety',
  sdk: '^1.1.0',
  entities,
  permissions: [
    { action: 'view', scope: 'all', roles: ['user'] },
    { action: 'view', scope: 'own' },
    { action: 'create', scope: 'all', roles: ['user'] },
    { action: 'edit', scope: 'all' },
    { action: 'edit', scope: 'own', roles: ['user'] },
    { action: 'delete', scope: 'all' },
    { action: 'delete', scope: 'own' },
    { action: 'manage', scope: 'all' },
    { action: 'approve', scope: 'all' },
    { action: 'export', scope: 'all' },
  ],
  menus: [
    { id: 'incidents', label: 'menu.incidents', icon: 'shield-alert', page: '/incidents', order: 10 },
    { id: 'rates', label: 'menu.rates', icon: 'chart-line', page: '/rates', order: 20 },
    { id: 'hours', label: 'menu.hours', icon: 'clock', page: '/hours', order: 30 },
  ],
  hooks: {
    incident: ['beforeCreate', 'beforeUpdate', 'beforeTransition'],
    exposureHours: ['beforeCreate', 'beforeUpdate'],
    correctiveAction: ['beforeCreate', 'beforeUpdate'],
  },
  routes: {
    rates: route({
      method: 'GET',
      path: '/rates',
      query: { from: field.date(), to: field.date(), site: field.string({ maxLength: 120 }) },
      response: answers<RatesAnswer>(),
    }),
  },
})
