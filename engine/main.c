#include "leeway/version.h"

#include <stdio.h>

int main(void)
{
    puts("leeway " LW_VERSION);
    return 0;
}
