import plugin from '../plugin.ts'
import { checkedAction, refuseOpenActions } from './corrective-actions.ts'
import { checkedHours } from './exposure-hours.ts'
import { changedIncident, newIncident } from './incidents.ts'
import { ratesOf } from './rates-route.ts'
import { rated, rerated } from './risk.ts'

export default plugin.server({
  hooks: {
    incident: {
      beforeCreate: (input, context) => rated(newIncident(input, context)),
      beforeUpdate: ({ record, changes }, context) => rerated(record, changedIncident(record, changes, context)),
      beforeTransition: async ({ record, to }, context) => {
        if (to === 'closed') await refuseOpenActions(record.id, context)
      },
    },
    exposureHours: {
      beforeCreate: (input, context) => checkedHours(input, context),
      beforeUpdate: ({ changes }, context) => checkedHours(changes, context),
    },
    correctiveAction: {
      beforeCreate: (input, context) => checkedAction(input, context),
      beforeUpdate: ({ changes }, context) => checkedAction(changes, context),
    },
  },
  routes: {
    rates: ({ query }, context) => ratesOf(query, context),
  },
})
