// Asio gained its non-template sources as one header for this purpose; Beast has its own.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
