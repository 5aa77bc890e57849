// Which legal moves of the library's machines were made: random programs tell, and are to make all of them.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct moves {
  unsigned char made[8][8]; // by machine and the state that was left, a bit for each that followed
};

// Adds those of this process, which may be one of many.
void moves_add(struct moves *all);
// Prints them; returns how many legal ones are not there. 0 in a build without asserts, which notes none.
int moves_report(const struct moves *all);

#ifdef __cplusplus
}
#endif
