/* The version of the library and the program; the Makefile reads it from here. */
#ifndef LEEWAY_VERSION_H
#define LEEWAY_VERSION_H

#define LW_VERSION "0.1.0"

#endif
