/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"

int main(int argc, char **argv)
{
	return tool_main(&admin_tool, argc, argv);
}
