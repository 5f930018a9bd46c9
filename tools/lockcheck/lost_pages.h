// Goes on where a page of a mapped log cannot be had.
//
// Problem: a log that is cut while it is read, or that lies on a file system
// with no room for the page that a hole in it would need, ends its reader with
// SIGBUS. From the first call on, such a page reads as zeros, which a log has
// where nothing was written.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_LOST_PAGES_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_LOST_PAGES_H_

namespace lockcheck::tools {

// For the whole process; once.
void SurviveLostPages();

// Whether there was one. Any thread.
bool PagesWereLost();

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_LOST_PAGES_H_
