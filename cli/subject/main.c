/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject/jit.h"

int main(int argc, char **argv)
{
	return tool_main(&jit_tool, argc, argv);
}
