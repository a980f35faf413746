#include <iostream>

#include "services/meridianctl/command_tree.h"

int main(int argc, char** argv) { return meridian::ctl::RunMeridianctl(argc, argv, {std::cout, std::cerr}); }
