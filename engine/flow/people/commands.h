/* The subcommands with which people answer: alerts, ack, expect, mute, test-alert. They ask the daemon where one runs, and
   else do the same on the store themselves. */
#ifndef LEEWAY_ENGINE_FLOW_PEOPLE_COMMANDS_H
#define LEEWAY_ENGINE_FLOW_PEOPLE_COMMANDS_H

#include "engine/flow/cli/session.h"

extern const struct lw_command lw_command_alerts, lw_command_ack, lw_command_expect, lw_command_mute,
    lw_command_test_alert;

enum lw_exit lw_commands_alerts(struct lw_session *session);
enum lw_exit lw_commands_ack(struct lw_session *session);
enum lw_exit lw_commands_expect(struct lw_session *session);
enum lw_exit lw_commands_mute(struct lw_session *session);
enum lw_exit lw_commands_test_alert(struct lw_session *session);

#endif
